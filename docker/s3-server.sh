#!/bin/sh
# Hands versitygw its keys, which it takes from nowhere but its environment, from the files of the secrets.
set -eu
ROOT_ACCESS_KEY=$(cat /run/secrets/s3_access_key)
ROOT_SECRET_KEY=$(cat /run/secrets/s3_secret_key)
export ROOT_ACCESS_KEY ROOT_SECRET_KEY
PATH=$PATH:/app # its place in the images up to 1.8
exec versitygw "$@"
