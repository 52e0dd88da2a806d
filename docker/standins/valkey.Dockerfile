# Stands in for valkey/valkey:8: Debian's Redis 7.0, which Valkey is a successor of, under the names of Valkey's programs.
FROM caco-standin-debian:bookworm
LABEL caco.standin=1
RUN apt-get update \
    && apt-get install --yes --no-install-recommends redis-server \
    && rm -rf /var/lib/apt/lists/* \
    && ln -s redis-server /usr/bin/valkey-server \
    && ln -s redis-cli /usr/bin/valkey-cli \
    && install -d -o 999 -g 1000 /data
WORKDIR /data
CMD ["valkey-server"]
