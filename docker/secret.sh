#!/bin/sh
# Prints a secret without the end of its line, for Airflow's settings that are given as a command: secret.sh NAME [ADDRESS-WITH-%s]
set -eu
# shellcheck disable=SC2059
printf "${2:-%s}" "$(cat "/run/secrets/$1")"
