#!/bin/sh
# Hands the password of the one user to Airflow's simple auth manager, which reads it from a file, and starts the UI.
set -eu
umask 077
python -c 'import json, os; print(json.dumps({"admin": os.environ["CACO_ADMIN_PASSWORD"]}))' \
    > "$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
exec airflow api-server
