#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [BIN_DIR]: the API of a whole stack (supervisor, two API workers, a queue worker, SQLite with
# FULL, every middleware, access log to a file) beside nginx, which returns the same bytes from memory
# with the same fields on two processes, without a log; and beside "bare", our server with nothing around
# it (bench_http_server). In one run, on one machine, interleaved: what
# counts is the ratio, and on a machine that others use too, the CPU time per request.
#   SECONDS_EACH=3 ROUNDS=3 CONNECTIONS="16 64 256 1000" PARTS="get search post paced idle slow cost"
# Needs nginx, wrk, curl; for "cost", perf.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bin=$(readlink -f "${1:-$here/../../../build/release/bin}")
for program in holdfast holdfast-api-worker holdfast-queue-worker bench_http_server bench_http_load bench_count_allocations.so; do
  [ -e "$bin/$program" ] || { echo "error: $bin/$program is missing: build it first" >&2; exit 1; }
done
seconds=${SECONDS_EACH:-3}
rounds=${ROUNDS:-3}
connections=${CONNECTIONS:-16 64 256 1000}
parts=${PARTS:-get search post paced idle slow cost}
port=${PORT:-29080}  # below the ports that the kernel gives to clients
nginx_port=$((port + 1))
status_port=$((port + 2))
bare_port=$((port + 3))
dir=$(mktemp -d)
stack=
nginx=
bare=
finish() {
  [ -z "$stack" ] || kill "$stack" 2>/dev/null || true
  [ -z "$nginx" ] || kill "$nginx" 2>/dev/null || true
  [ -z "$bare" ] || kill "$bare" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$dir"
}
trap finish EXIT
ulimit -n "$(ulimit -Hn)"

# start_stack REPLICAS [PRELOAD]
start_stack() {
  cat >"$dir/holdfast.toml" <<TOML
[supervisor]
status_listen = "127.0.0.1:$status_port"
[listen.http]
address = "127.0.0.1:$port"
[http]
max_connections_per_client = 4096
[program.migrate]
command = ["holdfast-queue-worker", "migrate"]
type = "oneshot"
[program.queue-worker]
command = ["holdfast-queue-worker"]
after = ["migrate"]
[program.api-worker]
command = ["holdfast-api-worker"]
replicas = $1
after = ["queue-worker"]
sockets = ["http"]
TOML
  [ -z "${2:-}" ] || printf 'environment = { LD_PRELOAD = "%s" }\n' "$2" >>"$dir/holdfast.toml"
  rm -rf "$dir/state" "$dir/run"
  mkdir -p "$dir/state" "$dir/run"
  env PATH="$bin:$PATH" HOLDFAST_CONFIG="$dir/holdfast.toml" HOLDFAST_STATE_DIR="$dir/state" \
    HOLDFAST_RUNTIME_DIR="$dir/run" NOTIFY_SOCKET= RATE_LIMIT_MAX=1000000 RATE_LIMIT_WINDOW=1s \
    "$bin/holdfast" run >"$dir/log" 2>&1 &
  stack=$!
  until curl -fsS "http://127.0.0.1:$port/ready" >/dev/null 2>&1; do
    kill -0 "$stack" 2>/dev/null || { cat "$dir/log"; exit 1; }
    sleep 0.05
  done
  local text=
  for word in $(seq 200); do text+="word$word and some more of them. "; done
  for n in 1 2 3 4 5 6 7 8; do
    id=$(curl -fsS -H 'Content-Type: application/json' "http://127.0.0.1:$port/api/documents" \
      -d "{\"title\":\"Document $n\",\"content\":\"A document about subject$n. ${text:0:200}\"}" |
      sed 's/.*"id":"\([^"]*\)","job.*/\1/')
  done
  until curl -fsS "http://127.0.0.1:$port/api/documents/$id" | grep -q '"status":"ready"'; do sleep 0.05; done
  document=/api/documents/$id
  search='/api/search?q=subject3%20words&k=5'
}
stop_stack() {
  kill "$stack"
  wait "$stack" 2>/dev/null || true
  stack=
}

# nginx_location TARGET: a location that answers as the API does, byte for byte but for id and date.
# shellcheck disable=SC2016 # variables of nginx
nginx_location() {
  local body field name value
  body=$(curl -fsS "http://127.0.0.1:$port$1" | sed "s/[\\\\']/\\\\&/g")
  echo "    location = ${1%%\?*} {"
  curl -fsS -o /dev/null -D - "http://127.0.0.1:$port$1" | tr -d '\r' | while IFS= read -r field; do
    name=${field%%: *}
    value=${field#*: }
    case "${name,,}" in
      http/* | '' | date | content-type | content-length | connection) continue ;;
      x-request-id) value='$request_id' ;;
    esac
    echo "      add_header $name '${value//\'/\\\'}';"
  done
  echo "      return 200 '$body';"
  echo "    }"
}
start_nginx() {
  {
    cat <<CONF
worker_processes 2;
daemon off;
pid $dir/nginx.pid;
error_log $dir/nginx.error;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log off;
  server_tokens off;
  keepalive_requests 100000000;
  client_body_temp_path $dir/a; proxy_temp_path $dir/b; fastcgi_temp_path $dir/c;
  uwsgi_temp_path $dir/d; scgi_temp_path $dir/e;
  server {
    listen 127.0.0.1:$nginx_port backlog=1024;
    default_type application/json;
CONF
    nginx_location "$document"
    nginx_location "$search"
    echo "  } }"
  } >"$dir/nginx.conf"
  nginx -c "$dir/nginx.conf" -p "$dir" 2>/dev/null &
  nginx=$!
  until curl -fsS "http://127.0.0.1:$nginx_port$document" >/dev/null 2>&1; do
    kill -0 "$nginx" 2>/dev/null || { cat "$dir/nginx.error"; exit 1; }
    sleep 0.05
  done
}

# Nanoseconds of CPU that the threads of these processes have had.
cpu_of() {
  local pid
  for pid in "$@"; do cat /proc/"$pid"/task/*/schedstat 2>/dev/null || true; done |
    awk '{sum += $1} END {printf "%.0f\n", sum}'
}
children_of() { cat "/proc/$1/task/$1/children"; }
api_workers() { for pid in $(children_of "$stack"); do grep -qa holdfast-api "/proc/$pid/cmdline" && echo "$pid"; done; }

# measure WHO PORT TARGET CONNECTIONS [WRK-OPTION...]: appends "who rate p99_ms cpu_us" to results
measure() {
  local who=$1 at=$2 target=$3 conns=$4 before after pids
  shift 4
  case $who in
    nginx) pids=$(children_of "$nginx") ;;
    bare) pids=$(children_of "$bare") ;;
    *) pids="$stack $(api_workers)" ;;
  esac
  # shellcheck disable=SC2086 # a list of pids
  before=$(cpu_of $pids)
  wrk -t2 -c"$conns" -d"${seconds}s" --latency "$@" "http://127.0.0.1:$at$target" >"$dir/wrk"
  # shellcheck disable=SC2086
  after=$(cpu_of $pids)
  awk -v who="$who" -v cpu="$((after - before))" '
    function ms(text) { return text ~ /us$/ ? text / 1000 : text ~ /ms$/ ? text + 0 : text * 1000 }
    /99%/ {p99 = ms($2)} /Requests\/sec/ {rate = $2} / requests in / {count = $1}
    /Non-2xx/ {bad = $NF}
    END {print who, rate, p99, cpu / count / 1000, bad + 0}' "$dir/wrk" >>"$dir/results"
}

# report TITLE: medians of the rounds, and the ratio to nginx
report() {
  awk -v title="$1" '
    function median(list, n,   i, j, t) {
      for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j - 1] > list[j]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
      return list[int((n + 1) / 2)]
    }
    {n[$1]++; rate[$1, n[$1]] = $2; p99[$1, n[$1]] = $3; cpu[$1, n[$1]] = $4; bad += $5; if (!($1 in seen)) {seen[$1]; order[++k] = $1}}
    END {
      for (w = 1; w <= k; w++) {
        who = order[w]
        for (i = 1; i <= n[who]; i++) {a[i] = rate[who, i]; b[i] = p99[who, i]; c[i] = cpu[who, i]}
        r[who] = median(a, n[who])
        printf "%-22s %-9s %8.0f/s  p99 %7.2f ms  %6.1f us CPU each", title, who, r[who], median(b, n[who]), median(c, n[who])
        if (who == "holdfast" && "nginx" in r) printf "  = %.0f %% of nginx", 100 * r[who] / r["nginx"]
        print ""
      }
      if (bad) printf "%s: %d answers were not 2xx\n", title, bad
    }' "$dir/results"
  : >"$dir/results"
}

compare() { # TITLE TARGET
  local conns _
  for conns in $connections; do
    for _ in $(seq "$rounds"); do
      measure nginx "$nginx_port" "$2" "$conns"
      [ -z "$bare" ] || measure bare "$bare_port" "$2" "$conns"
      measure holdfast "$port" "$2" "$conns"
    done
    report "$1, $conns conns"
  done
}

body='{"title":"A title","content":"Some words to be stored, cut into chunks, embedded and found again."}'
posting() {
  cat >"$dir/post.lua" <<LUA
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '$body'
LUA
  # The floor of a durable commit: what this disk takes to write 4 KiB and sync them.
  dd if=/dev/zero of="$dir/state/sync" bs=4k count=300 oflag=dsync 2>&1 |
    awk '/copied/ {for (i = 1; i <= NF; i++) if ($(i + 1) == "s,") printf "%-22s %.0f synced writes of 4 KiB/s, one after the other\n", "disk", 300 / $i}'
  local conns _
  for conns in $connections; do
    for _ in $(seq "$rounds"); do measure holdfast "$port" /api/documents "$conns" -s "$dir/post.lua"; done
    report "POST, $conns conns"
  done
}

# Per request of one worker on its own, under 64 connections: allocations, then system calls.
costs() {
  local pid before after count
  stop_stack
  start_stack 1 "$bin/bench_count_allocations.so"
  pid=$(api_workers)
  allocations() { kill -USR2 "$pid"; sleep 0.3; grep -ao 'allocations [0-9]*' "$dir/log" | tail -1 | cut -d' ' -f2; }
  for what in "GET $document" "GET $search" "POST /api/documents"; do
    local options=()
    [ "${what%% *}" = GET ] || options=(-s "$dir/post.lua")
    before=$(allocations)
    count=$(wrk -t1 -c64 -d1s ${options[@]+"${options[@]}"} "http://127.0.0.1:$port${what#* }" | awk '/ requests in / {print $1}')
    after=$(allocations)
    printf '%-22s %.1f allocations each' "cost of ${what%% *} ${what:0:16}" "$(awk -v a="$((after - before))" -v n="$count" 'BEGIN {print a / n}')"
    if perf stat -x, -e raw_syscalls:sys_enter -p "$pid" -o "$dir/perf" -- \
      wrk -t1 -c64 -d1s ${options[@]+"${options[@]}"} "http://127.0.0.1:$port${what#* }" >"$dir/wrk" 2>/dev/null; then
      awk -F, -v count="$(awk '/ requests in / {print $1}' "$dir/wrk")" \
        '/sys_enter/ {printf ", %.1f system calls each", $1 / count}' "$dir/perf"
    fi
    echo
  done
}

start_stack 2
start_nginx
: >"$dir/results"
printf '%s, %s processors, load %s\n' "$(uname -r)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)"
for part in $parts; do
  case $part in
    get)
      "$bin/bench_http_server" "$bare_port" 2 &
      bare=$!
      until curl -fsS "http://127.0.0.1:$bare_port/" >/dev/null 2>&1; do sleep 0.05; done
      compare GET "$document"
      kill "$bare"
      bare=
      ;;
    search) compare search "$search" ;;
    post) posting ;;
    paced)
      printf '%-22s ' "POST at 1,000/s"
      "$bin/bench_http_load" pace "$port" 1000 5 POST /api/documents "$body"
      ;;
    idle) printf '%-22s ' "GET meanwhile" && "$bin/bench_http_load" probe "$port" 4 "$document" idle 1000 ;;
    slow) printf '%-22s ' "GET meanwhile" && "$bin/bench_http_load" probe "$port" 8 "$document" slow 500 ;;
    cost) [ -f "$dir/post.lua" ] || printf 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = '"'%s'"'\n' "$body" >"$dir/post.lua"; costs ;;
    *) echo "unknown part '$part'" >&2; exit 2 ;;
  esac
done
