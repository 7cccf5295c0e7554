#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the official image's entrypoint does with the variables that docker-compose.prod.yml sets.
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" -E UTF8 --auth-local=trust \
    --auth-host=scram-sha-256
  pg_ctl -D "$PGDATA" -w start -o "-c listen_addresses=''"
  createdb -U "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl -D "$PGDATA" -w -m fast stop
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
fi
exec "$@" -c listen_addresses='*'
