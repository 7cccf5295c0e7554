#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two hosts on one PostgreSQL, in network namespaces; the cable of one is pulled in the middle of a
# batch: no reset, no error, only silence. The other takes over, nothing is lost or done twice, and
# the first goes on by itself when it is back. Usage: partition_test.sh BIN_DIR
set -euo pipefail

bin=$(cd "$1" && pwd)
pg=$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | sort -V | tail -1)
work=$(mktemp -d)
lan=hf-lan-$$
documents=600
pids=()
server=

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  tail -n 15 "$work"/a/log "$work"/b/log >&2 2>/dev/null || true
  exit 1
}

end() { # SIGNAL PID...
  local pid
  for pid in "${@:2}"; do kill "-$1" "$pid" 2>/dev/null || true; done
  for pid in "${@:2}"; do
    for _ in $(seq 400); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
  done
}
clean_up() {
  local status=$?
  end TERM "${pids[@]}"
  [ -z "$server" ] || end INT "$server"
  for name in "$lan" "hf-a-$$" "hf-b-$$"; do ip netns delete "$name" 2>/dev/null || true; done
  rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT

[ -n "$pg" ] || fail "PostgreSQL is not installed"
pg=$(dirname "$pg")
chmod 755 "$work"

# A switch with the database on it, and a cable to each host.
ip netns add "$lan"
ip -n "$lan" link set lo up
ip -n "$lan" link add switch type bridge
ip -n "$lan" addr add 10.99.0.1/24 dev switch
ip -n "$lan" link set switch up
for host in a b; do
  ip netns add "hf-$host-$$"
  ip -n "$lan" link add "to-$host" type veth peer name cable netns "hf-$host-$$"
  ip -n "$lan" link set "to-$host" master switch up
  ip -n "hf-$host-$$" link set lo up
  ip -n "hf-$host-$$" link set cable up
done
ip -n "hf-a-$$" addr add 10.99.0.2/24 dev cable
ip -n "hf-b-$$" addr add 10.99.0.3/24 dev cable

as_server() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
install -d -o postgres -g postgres "$work/db"
as_server "$pg/initdb" -D "$work/db/data" -U holdfast --auth=trust --no-sync --encoding=UTF8 \
  --locale=C.UTF-8 >"$work/initdb.log" || fail "initdb: $(cat "$work/initdb.log")"
echo 'host all all 10.99.0.0/24 trust' >>"$work/db/data/pg_hba.conf"
ip netns exec "$lan" setpriv --reuid=postgres --regid=postgres --clear-groups \
  "$pg/postgres" -D "$work/db/data" -k "$work/db" -h 10.99.0.1 >"$work/db.log" 2>&1 &
server=$!
sql() { psql -qAtX -h "$work/db" -U holdfast -d docs -c "$1"; }
for _ in $(seq 600); do
  psql -qX -h "$work/db" -U holdfast -d postgres -c 'CREATE DATABASE docs' 2>/dev/null && break
  sleep 0.1
done
sql 'SELECT 1' >/dev/null || fail "PostgreSQL did not start: $(cat "$work/db.log")"

for host in a b; do
  install -d -m 755 "$work/$host"
  cat >"$work/$host/holdfast.toml" <<EOF
[supervisor]
state_dir = "$work/$host/state"
runtime_dir = "$work/$host/run"
[store]
url = "postgresql://holdfast@10.99.0.1/docs"
statement_timeout = "2s"
connect_timeout = "1s"
[queue]
lease = "3s"
concurrency = 4
[rate_limit]
enabled = false
[embedding]
chunk_bytes = 200
chunk_overlap = 0
EOF
  # shellcheck disable=SC2016
  ip netns exec "hf-$host-$$" unshare --uts sh -c \
    'hostname "host-$1" && HOLDFAST_ENV=production exec "$2" run --config "$3"' sh "$host" "$bin/holdfast" \
    "$work/$host/holdfast.toml" >"$work/$host/log" 2>&1 &
  pids+=($!)
done
on() { ip netns exec "hf-$1-$$" "${@:2}"; }
ready() { on "$1" curl -s -o /dev/null -w '%{http_code}' --max-time 10 http://127.0.0.1:3000/ready; }
wait_for() { # WHAT EXPECTED COMMAND...
  local what=$1 expected=$2
  for _ in $(seq 900); do
    [ "$("${@:3}" 2>/dev/null)" = "$expected" ] && return
    sleep 0.1
  done
  fail "$what: $("${@:3}" 2>&1) instead of $expected"
}
wait_for "host a" 200 ready a
wait_for "host b" 200 ready b

# Texts of some fifty chunks each, so that a batch takes a while.
text=$(seq -s ' word ' 1500)
batch=$(jq -nc --arg text "$text" '{documents: [range(100) | {title: "document \(.)", content: $text}]}')
post() { on "$1" curl -s -o /dev/null -w '%{http_code}' --max-time 60 -H 'Content-Type: application/json' \
  --data-binary @"$work/batch" http://127.0.0.1:3000/api/documents/batch; }
printf '%s' "$batch" >"$work/batch"
for _ in $(seq $((documents / 100))); do
  [ "$(post a)" = 202 ] || fail "a batch was refused"
done

held_by_b() {
  sql "SELECT count(*) FROM holdfast.job JOIN holdfast.worker AS w ON w.id = worker_id
       WHERE state = 2 AND w.host LIKE 'host-b/%'"
}
pull() { ip -n "$lan" link set to-b down; }
plug() { ip -n "$lan" link set to-b up; }
held=0
for _ in $(seq 60); do
  pull
  held=$(held_by_b)
  [ "$held" -gt 0 ] && break
  plug
  sleep 0.05
  [ "$(sql 'SELECT count(*) FROM holdfast.job WHERE state < 2')" -gt 100 ] || post a >/dev/null
done
[ "$held" -gt 0 ] || fail "host b never held a job when its cable was pulled"
echo "cut off with $held jobs in hand"

# The host that is cut off says so, at once, and refuses instead of promising.
wait_for "the host that is cut off" 503 ready b
code=$(post b)
[ "$code" = 503 ] || fail "a document was answered $code without a database"

# The other one finishes everything, what the lost host held too.
unfinished() { sql 'SELECT count(*) FROM holdfast.job WHERE state < 3'; }
wait_for "unfinished jobs" 0 unfinished
wait_for "host a" 200 ready a

# Back: it goes on by itself, and what it brings late is not taken.
plug
wait_for "host b, back" 200 ready b
[ "$(post b)" = 202 ] || fail "the host that is back stores nothing"
wait_for "unfinished jobs" 0 unfinished

check() { # WHAT SQL
  local found
  found=$(sql "$2")
  [ "$found" = 0 ] || fail "$1: $found"
}
check "documents that are not ready" 'SELECT count(*) FROM holdfast.document WHERE status <> 1'
check "documents without all of their chunks" 'SELECT count(*) FROM holdfast.document AS d WHERE
  chunk_count = 0 OR chunk_count <> (SELECT count(*) FROM holdfast.chunk WHERE document = d.seq)'
check "chunks of another claim than the one that was acknowledged" 'SELECT count(*) FROM
  holdfast.chunk AS c JOIN holdfast.job AS j ON j.id = c.job_id WHERE c.fence <> j.fence OR j.state <> 3'
check "innocent jobs that were given up" 'SELECT count(*) FROM holdfast.job WHERE state = 5'
[ "$(sql 'SELECT count(*) FROM holdfast.document')" -ge "$documents" ] || fail "documents are missing"
taken_over=$(sql 'SELECT count(*) FROM holdfast.job WHERE fence > 1')
[ "$taken_over" -gt 0 ] || fail "nothing was taken over"
late=$(grep -c '"msg":"job stale"' "$work/b/log" || true)
[ "$late" -gt 0 ] || fail "the host that was cut off brought no late result: nothing was proved"
echo "passed: $(sql 'SELECT count(*) FROM holdfast.document') documents, $taken_over jobs taken over," \
  "$late late results refused"
