#!/bin/sh
# Makes the secrets of docker-compose.yml, each a file of its own; one that is there is left as it is.
#
#   docker/make-secrets.sh [FOLDER]     the folder that CACO_SECRETS names, not given ./secrets
#
# Only you can enter the folder. The files in it are readable, since each container mounts its own under another user.
# Postgres takes its passwords when its volume is new: change one later in both places.
set -eu
folder=${1:-$(dirname "$0")/../secrets}
umask 022
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -v -tx1 -N 24 /dev/urandom | tr -d ' \n'; }

for name in postgres_password airflow_db_password caco_owner_password caco_writer_password caco_analyst_password \
    valkey_password s3_access_key s3_secret_key airflow_jwt_secret airflow_api_secret_key \
    caco_admin_password caco_auditor_password caco_viewer_password; do
    [ -s "$folder/$name" ] || random > "$folder/$name"
done
# 32 random bytes in URL-safe base64
[ -s "$folder/airflow_fernet_key" ] || head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n' > "$folder/airflow_fernet_key"
# of the Hugging Face Hub, where a model that you use asks for one
[ -e "$folder/hf_token" ] || : > "$folder/hf_token"
echo "The secrets are in $folder: the password of the account admin is in caco_admin_password."
