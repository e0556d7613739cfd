//! Fuzz targets for every parser of foreign bytes, and the replay of their corpora.
