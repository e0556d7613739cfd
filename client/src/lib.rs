//! Hubbub's client: web, desktop and phones.
