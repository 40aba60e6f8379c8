# The programs of the suite in one image; what runs is the command: `monitor`, `planner`, …
# The classic builder (DOCKER_BUILDKIT=0) and BuildKit both build it.
ARG BASE_IMAGE=debian:trixie-slim

FROM ${BASE_IMAGE} AS build
RUN apt-get update -q && \
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends gcc libc6-dev make \
        pkg-config libhiredis-dev libcurl4-openssl-dev libcjson-dev libmicrohttpd-dev \
        libuv1-dev uthash-dev zlib1g-dev && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*
WORKDIR /src
COPY . .
# uPlot, which the page is built with, comes with the context where `make` or `make demo` got it
# already; else by npm, as this image reaches its registry.
RUN [ -e dashboard/node_modules/uplot ] || { \
        apt-get update -q && \
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends npm \
            ca-certificates && \
        rm -rf /var/lib/apt/lists/* /var/cache/apt/*; \
    }
RUN make -j"$(nproc)" BUILD=/build all && strip /build/bin/*

FROM ${BASE_IMAGE}
RUN apt-get update -q && \
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends libhiredis1.1.0 \
        libcurl4t64 libcjson1 libmicrohttpd12t64 libuv1t64 zlib1g ca-certificates && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* && \
    useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin agentic && \
    install -d -o 10014 -g agentic /etc/nginx/conf.d && \
    install -d -o 10011 -g agentic /run/agentic
# What Docker gives the fresh volumes of docker-compose.yml: these owners, watcher and monitor, and
# the first upstream file.
COPY --chown=10014:10001 nginx/conf.d/ /etc/nginx/conf.d/
COPY --from=build /build/bin/ /usr/local/bin/
USER agentic
CMD ["monitor"]
