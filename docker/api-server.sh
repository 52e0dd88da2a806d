#!/bin/sh
# Writes the password of the one user to the file from which Airflow's simple auth manager reads it, and starts the UI.
set -eu
umask 077
python -c 'import json, os; print(json.dumps({"admin": os.environ["CACO_ADMIN_PASSWORD"]}))' \
    > "$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
exec airflow api-server
