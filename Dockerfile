# syntax=docker/dockerfile:1
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo xtask web && cargo build --release --package server && mkdir /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/hubbub /usr/local/bin/hubbub
COPY --from=build --chown=nonroot:nonroot /data /data
USER nonroot
VOLUME /data
EXPOSE 8080/tcp 8443/tcp 8443/udp
ENV HUBBUB_DATA=/data HUBBUB_HTTP=[::]:8080
ENTRYPOINT ["/usr/local/bin/hubbub"]
CMD ["serve"]
