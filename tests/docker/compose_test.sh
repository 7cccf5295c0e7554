#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docker/docker-compose.prod.yml on a real Docker engine, by the lines of docs/docker.md.
# Usage: compose_test.sh BIN_DIR
# shellcheck source=tests/docker/compose.sh
. "$(dirname "${BASH_SOURCE[0]}")/compose.sh"

compose_images "$1"
make_site
# So that the hundred requests fit into it on a machine that is busy.
export RATE_LIMIT_WINDOW=15m
# A busy machine's Redis is late, and must not be taken for one that is gone.
printf '\n[rate_limit]\nredis_timeout = "10s"\n' >>"$work/site/docker/holdfast/holdfast.toml"

explain() {
  compose ps
  docker ps -a --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"
  compose logs --tail=30 holdfast
}
clean_up_test() {
  [ -z "${receiver:-}" ] || kill "$receiver" 2>/dev/null
  compose down -v --timeout 5 >/dev/null 2>&1
  docker rm -f "${single:-}" >/dev/null 2>&1
  docker volume rm "${single:-}-data" >/dev/null 2>&1
}

# The commands of docs/docker.md; one that goes on in the next line is one line here.
commands() { sed -e ':a' -e '/\\$/{N;s/ *\\\n */ /;ba}' "$root/docs/docker.md" | grep '^\$ '; }

# A command of docs/docker.md, as it stands there, in the directory that it stands for.
documented() {
  commands | has -xF "\$ $1" || fail "docs/docker.md has no line: $1"
  echo "\$ $1" >>"$work/lines"
  "$work/type" "$1" || fail "the documented line failed: $1"
}

request() { # CLIENT CURL-ARGUMENT...: as a client behind a proxy on this host, with a rate of its own
  local client=$1
  shift
  curl -fsS --max-time 20 -H "X-Forwarded-For: 198.51.100.$client" "$@"
}
finds() { request $((RANDOM % 250 + 1)) "$api/api/search?q=$1&k=1" | has "$1"; }
holdfast() { docker exec "$(container holdfast)" holdfast "$@"; }
worker() { holdfast status --json | jq -e ".programs[].workers[] | select(.name == \"$1\") | $2"; }

# --- Up, by one line, and healthy.
documented 'docker/setup.sh && docker compose -f docker/docker-compose.prod.yml up -d'
wait_for "all six healthy" all_healthy 6
say "six containers are healthy"
documented 'docker compose -f docker/docker-compose.prod.yml ps'
documented 'docker compose -f docker/docker-compose.prod.yml exec holdfast holdfast status'
documented 'docker compose -f docker/docker-compose.prod.yml exec holdfast holdfast check-config' >/dev/null
documented 'docker compose -f docker/docker-compose.prod.yml exec holdfast holdfast reload'

# --- Documents go in and are found.
request 1 --data-binary 'a heron stood in the shallows' -H 'Content-Type: text/plain' "$api/api/documents?title=birds" |
  has '"id"' || fail "no document was taken"
wait_for "found" finds heron
holdfast status --json | jq -e '[.programs[].workers[]] | length == 4' >/dev/null || fail "not four workers"
say "documents are taken and found"

# --- What it says of itself, and its limit.
answer_of() { documented "$1" 2>"$work/curl"; }
answer_of 'curl http://localhost:3000/metrics' | has '^http_requests_total{' || fail "/metrics: $(cat "$work/curl")"
answer_of 'curl http://localhost:3000/health' | has '"status":"ok"' || fail "/health: $(cat "$work/curl")"
answer_of 'curl http://localhost:3000/ready' | has '"checks":{"database":{"status":"pass"},"redis":{"status":"pass"},"embedding":{"status":"unused"},"queue":{"status":"pass"}}' || fail "/ready: $(cat "$work/curl")"
codes=$(documented "for i in {1..101}; do curl -s -o /dev/null -w '%{http_code}\n' http://localhost:3000/api/documents; done")
[ "$(head -n 100 <<<"$codes" | sort -u)" = 200 ] || fail "of 100 requests: $(sort <<<"$codes" | uniq -c)"
[ "$(tail -n 1 <<<"$codes")" = 429 ] || fail "request 101 got $(tail -n 1 <<<"$codes")"
[ "$(docker exec -i "$(container redis)" sh -c 'REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli dbsize')" -ge 1 ] ||
  fail "the rate is not counted in Redis"
[ "$(docker exec "$(container redis)" sh -c 'REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli config get maxmemory' | tail -n 1)" = $((192 << 20)) ] ||
  fail "Redis has another limit than docker/.env says"
say "request 101 gets 429, counted in Redis"

# --- Prometheus scrapes it, and knows Alertmanager.
query() { curl -fsS -G "$prometheus/api/v1/query" --data-urlencode "query=$1" | jq -er '.data.result[0].value[1]'; }
is_scraped() { [ "$(query 'up{job="holdfast"}')" = 1 ]; }
wait_for "scraped" is_scraped
knows_alertmanager() { curl -fsS "$prometheus/api/v1/alertmanagers" | jq -e '.data.activeAlertmanagers | length == 1'; }
wait_for "known to Prometheus" knows_alertmanager
[ "$(curl -fsS "$prometheus/api/v1/rules" | jq '[.data.groups[].rules[]] | length')" -ge 10 ] || fail "Prometheus has no rules"
say "Prometheus scrapes it"

# --- Hardened, all of them.
containers | xargs docker inspect | jq -e 'all(.[].HostConfig;
  .ReadonlyRootfs and .CapDrop == ["ALL"] and (.CapAdd // []) == [] and (.Privileged | not)
  and (.SecurityOpt | index("no-new-privileges:true")) != null
  and .Memory > 0 and .NanoCpus > 0 and .PidsLimit > 0
  and .RestartPolicy.Name == "unless-stopped"
  and .LogConfig.Type == "json-file" and .LogConfig.Config["max-size"] == "10m" and .LogConfig.Config["max-file"] == "5")
  and all(.[].Config; (.User | test("^[1-9]")) )' >/dev/null ||
  fail "not hardened: $(containers | xargs docker inspect | jq -c '.[] | [.Name, .Config.User, .HostConfig]')"
docker inspect "$(container holdfast)" | jq -e '.[0].Config.StopTimeout == 40' >/dev/null || fail "stop_grace_period"
first=$(docker inspect -f '{{.State.Pid}}' "$(container holdfast)")
[ "$(awk '/^(CapEff|CapBnd|NoNewPrivs|Seccomp):/ { printf "%s ", $2 }' "/proc/$first/status")" = \
  '0000000000000000 0000000000000000 1 2 ' ] || fail "rights: $(cat "/proc/$first/status")"
if touch "/proc/$first/root/opt/x" 2>/dev/null; then fail "the root is writable"; fi
if docker exec "$(container holdfast)" /bin/sh -c true 2>/dev/null; then fail "there is a shell in the image"; fi
password=$(cat "$work/site/docker/secrets/postgres_password")
if containers | xargs docker inspect | has -F "$password"; then fail "a password is in the environment or a command"; fi
if compose logs | has -F "$password"; then fail "a password is in the log"; fi
say "hardened: no rights, no shell, a read-only root, limits, and no password to be seen"

# --- A worker is killed.
killed=$(docker top "$(container holdfast)" -eo pid,args | awk '/holdfast-api-worker/ { print $1; exit }')
before=$(worker api-worker.0 .restarts)
kill -9 "$killed"
is_back() {
  [ "$(holdfast status --json | jq '[.programs[] | select(.name == "api-worker") | .workers[].restarts] | add')" -gt "$before" ] &&
    holdfast health --ready
}
wait_for "back" is_back
finds heron || fail "the search does not answer"
say "a killed worker is replaced"

# --- A worker reaches the limit of memory, and somebody is told. The requests hold 10 MiB each.
gateway=$(docker inspect "$(container holdfast)" |
  jq -r '.[0].NetworkSettings.Networks | to_entries[] | select(.key | endswith("_front")) | .value.Gateway')
python3 "$root/tests/docker/receiver.py" "$gateway" >"$work/hooks" &
receiver=$!
wait_for "listening" test -s "$work/hooks"
echo "http://$gateway:$(head -n 1 "$work/hooks")/hook" >"$work/site/docker/secrets/alert_webhook_url"
export ALERT_WEBHOOK_URL_FILE=/run/secrets/alert_webhook_url
documented 'docker compose -f docker/docker-compose.prod.yml up -d'
wait_for "all six healthy" all_healthy 6
documented 'docker compose -f docker/docker-compose.prod.yml exec holdfast holdfast alert test' | has delivered || fail "alert test"
HOLDFAST_MEMORY=96m compose up -d holdfast
wait_for "all six healthy" all_healthy 6
mkfifo "$work/never"
python3 "$root/tests/docker/slow_post.py" "$api" 16 $((10 << 20)) <>"$work/never" >/dev/null &
load=$!
is_reported() { holdfast status --json | has 'killed by the kernel: out of memory'; }
wait_for "out of memory" is_reported
has_event() { holdfast events -n 200 | has ' oom_kill '; }
wait_for "an event of it" has_event
has_crash() { holdfast crashes | has -i 'out of memory'; }
wait_for "a crash report that says it" has_crash
[ "$(docker inspect -f '{{.State.Running}} {{.RestartCount}}' "$(container holdfast)")" = "true 0" ] ||
  fail "the container has died of it"
kill "$load" 2>/dev/null || true
wait_for "told" grep HoldfastOutOfMemory "$work/hooks"
say "a worker that reaches the limit is reported as out of memory, to the receiver too"

# --- Data survives.
documented 'docker compose -f docker/docker-compose.prod.yml down'
[ -z "$(containers)" ] || fail "down has left containers"
documented 'docker compose -f docker/docker-compose.prod.yml up -d'
wait_for "all six healthy" all_healthy 6
finds heron || fail "the document is gone"
say "data survives down and up"

# --- A copy of the database, and back from it: what came after the copy is gone.
documented 'docker compose -f docker/docker-compose.prod.yml exec -T postgres pg_dump -U holdfast -Fc holdfast > holdfast.dump'
request 2 --data-binary 'an otter came after the copy' -H 'Content-Type: text/plain' "$api/api/documents?title=late" >/dev/null
wait_for "found" finds otter
documented 'docker compose -f docker/docker-compose.prod.yml stop holdfast'
documented 'docker compose -f docker/docker-compose.prod.yml exec -T postgres pg_restore -U holdfast -d holdfast --clean --if-exists < holdfast.dump'
documented 'docker compose -f docker/docker-compose.prod.yml start holdfast'
wait_for "all six healthy" all_healthy 6
finds heron || fail "the document is not in the copy"
if finds otter; then fail "the copy has what came after it"; fi
say "a dump brings the database back"

# --- Stop drains: a request that is under way is answered, and everybody exits with 0.
mkfifo "$work/go"
python3 "$root/tests/docker/slow_post.py" "$api" 1 200000 <>"$work/go" >"$work/drain" &
client=$!
wait_for "sent" grep sent "$work/drain"
is_draining() { ! curl -fsS --max-time 2 -o /dev/null "$api/ready"; }
documented 'docker compose -f docker/docker-compose.prod.yml stop' >/dev/null 2>&1 &
stopping=$!
wait_for "draining" is_draining
echo >"$work/go"
wait "$client"
[ "$(tail -n 1 "$work/drain")" = 202 ] || fail "the request that was under way got $(tail -n 1 "$work/drain")"
wait "$stopping"
for service in holdfast postgres redis prometheus; do
  code=$(docker inspect -f '{{.State.ExitCode}}' "$(container "$service")")
  [ "$code" = 0 ] || fail "$service has exited with $code"
done
say "stop answers what is under way, and all exit with 0"

documented 'docker compose -f docker/docker-compose.prod.yml start'
wait_for "all six healthy" all_healthy 6
documented 'docker compose -f docker/docker-compose.prod.yml down -v'
for kind in container volume network; do
  [ -z "$(docker $kind ls -q --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME")" ] ||
    fail "down -v has left a $kind"
done

# --- One container, with SQLite.
documented "$(commands | sed -n 's/^\$ \(docker run .*\)/\1/p')" >/dev/null
is_healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$single")" = healthy ]; }
wait_for "healthy" is_healthy
api=http://127.0.0.1:$single_port
curl -fsS --data-binary 'a heron alone' -H 'Content-Type: text/plain' "$api/api/documents?title=one" | has '"id"' ||
  fail "one container takes no document"
wait_for "found" finds heron
docker stop "$single" >/dev/null
[ "$(docker inspect -f '{{.State.ExitCode}}' "$single")" = 0 ] || fail "one container has exited with another code than 0"
say "one container with SQLite holds"

diff <(sort -u "$work/lines") <(commands | sort -u) || fail "not every line of docs/docker.md was run"
for name in holdfast holdfast-supervisor; do
  say "$name: $(docker image inspect -f '{{.Size}}' "$name" | awk '{ printf "%.1f MB", $1 / 1e6 }')"
done
echo "the compose stack holds"
