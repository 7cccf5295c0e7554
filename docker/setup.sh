#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prepares docker/docker-compose.prod.yml: makes docker/.env from its template, and secrets with random
# passwords in docker/secrets (or the directory that SECRETS_DIR names, in the environment or
# docker/.env). Changes nothing that is there.
#
# The directory is for its owner alone. The files in it are readable by all, because a container
# reads them as a user of its own; it sees only those that are mounted into it.
set -eu
export LC_ALL=C # [A-Z] is of ASCII
cd "$(dirname "$0")"

[ -e .env ] || { cp .env.production.template .env && echo "made docker/.env"; }
# Read as compose reads it: what the environment has goes first, and in .env a value may be quoted
# and have a comment behind it.
if [ -n "${SECRETS_DIR+set}" ]; then
  secrets=$SECRETS_DIR where="in the environment"
else
  where="in docker/.env"
  line=$(tr -d '\r' <.env | sed -n 's/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}SECRETS_DIR[[:space:]]*=[[:space:]]*//p' | tail -n 1)
  case $line in
    \'*) secrets=${line#\'} secrets=${secrets%%\'*} ;;
    \"*) secrets=${line#\"} secrets=${secrets%%\"*} ;;
    *) secrets=$(printf '%s\n' "$line" | sed 's/[[:space:]]\{1,\}#.*$//; s/[[:space:]]*$//') ;;
  esac
  case $line in
    \'*) ;;
    *[\$\\]*)
      echo "SECRETS_DIR $where has a \$ or \\: write the directory out, or put it in single quotes" >&2
      exit 1
      ;;
  esac
fi
if [ -z "$secrets" ]; then
  echo "SECRETS_DIR $where is missing or empty, and compose needs it: SECRETS_DIR=./secrets" >&2
  exit 1
fi
# shellcheck disable=SC2088
case $secrets in "~" | "~/"*) secrets=$HOME${secrets#"~"} ;; esac
umask 077
mkdir -p "$secrets"
chmod 700 "$secrets"

# make NAME: a file with what comes on standard input, unless there is one.
make() {
  if [ -e "$secrets/$1" ]; then cat >/dev/null; return; fi
  cat >"$secrets/$1.new"
  chmod 644 "$secrets/$1.new"
  mv "$secrets/$1.new" "$secrets/$1"
  echo "made $secrets/$1"
}
# 192 random bits, of characters that mean nothing in a URL or in Redis's configuration.
password() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }
# A password that somebody else wrote has any characters.
hexadecimal() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \t\n'; }
in_url() {
  case $1 in
    *[!A-Za-z0-9._~-]*) hexadecimal "$1" | sed 's/../%&/g' ;;
    *) printf '%s' "$1" ;;
  esac
}
in_redis_conf() {
  case $1 in
    *[!A-Za-z0-9._~-]*) printf '"%s"' "$(hexadecimal "$1" | sed 's/../\\x&/g')" ;;
    *) printf '%s' "$1" ;;
  esac
}

password | make postgres_password
password | make redis_password
password | make grafana_password
postgres=$(cat "$secrets/postgres_password")
redis=$(cat "$secrets/redis_password")
if [ -z "$postgres" ] || [ -z "$redis" ]; then
  echo "postgres_password or redis_password in $secrets is empty: write one, or remove the file" >&2
  exit 1
fi
printf 'postgresql://holdfast:%s@postgres/holdfast\n' "$(in_url "$postgres")" | make database_url
printf 'redis://:%s@redis:6379/0\n' "$(in_url "$redis")" | make redis_url
printf 'requirepass %s\n' "$(in_redis_conf "$redis")" | make redis_auth
# Empty until there is one: see ALERT_WEBHOOK_URL_FILE and EMBEDDING_API_KEY_FILE in .env.
printf '' | make alert_webhook_url
printf '' | make embedding_api_key
