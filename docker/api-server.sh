#!/bin/sh
# Writes the passwords of the accounts to the file from which Airflow's simple auth manager reads it, and starts the UI.
set -eu
umask 077
python -c 'import json, pathlib; print(json.dumps({
    name: pathlib.Path(f"/run/secrets/caco_{name}_password").read_text().strip() for name in ("admin", "auditor", "viewer")}))' \
    > "$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
exec airflow api-server
