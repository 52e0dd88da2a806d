#!/bin/sh
# Run once by the Postgres image, on an empty volume: makes two databases, each with an owner of its own.
# The ledger's owner may create roles, since its migrations create `caco_writer` and `caco_analyst`.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set airflow_password="$(cat /run/secrets/airflow_db_password)" \
    --set owner_password="$(cat /run/secrets/caco_owner_password)" <<'SQL'
CREATE ROLE airflow LOGIN PASSWORD :'airflow_password';
CREATE DATABASE airflow OWNER airflow;
CREATE ROLE caco_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE DATABASE caco OWNER caco_owner;
SQL
