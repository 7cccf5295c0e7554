#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh BENCH_HTTP_SERVER [CONNECTIONS] [ROUNDS]: the server beside nginx, which returns the same
# bytes from memory: requests/s and CPU time per request; interleaved rounds, both on two processes, on this machine. Needs nginx, wrk.
set -eu
server=$1
connections=${2:-64}
rounds=${3:-3}
port=${PORT:-39080}
nginx_port=$((port + 1))
dir=$(mktemp -d)
cat > "$dir/nginx.conf" <<CONF
worker_processes 2;
daemon off;
pid $dir/pid;
error_log $dir/error.log;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path $dir/a; proxy_temp_path $dir/b; fastcgi_temp_path $dir/c;
  uwsgi_temp_path $dir/d; scgi_temp_path $dir/e;
  server {
    listen 127.0.0.1:$nginx_port backlog=1024;
    default_type application/json;
    location / {
      return 200 '{"id":1,"title":"A document","status":"ready","chunks":3,"createdAt":"2026-01-01T00:00:00Z"}';
    }
  }
}
CONF
"$server" "$port" 2 &
ours=$!
nginx -c "$dir/nginx.conf" -p "$dir" 2> /dev/null &
theirs=$!
trap 'kill $ours $theirs 2> /dev/null; wait; rm -rf "$dir"' EXIT
until wrk -t1 -c1 -d1s "http://127.0.0.1:$port/" > /dev/null &&
      wrk -t1 -c1 -d1s "http://127.0.0.1:$nginx_port/" > /dev/null; do :; done

# Nanoseconds that the children of a process have run: what a request costs, also on a busy machine
# where the rate says little.
cpu_of_children() {
  # shellcheck disable=SC2013 # one line of words, by the kernel's word
  for pid in $(cat "/proc/$1/task/$1/children"); do cut -d' ' -f1 "/proc/$pid/schedstat"; done |
    awk '{sum += $1} END {printf "%.0f\n", sum}'
}

measure() {
  before=$(cpu_of_children "$3")
  wrk -t2 -c"$connections" -d3s --latency "http://127.0.0.1:$1/api/documents/1" > "$dir/wrk.txt"
  after=$(cpu_of_children "$3")
  awk -v who="$2" -v cpu="$((after - before))" '
    /99%/ {p99=$2} /Requests\/sec/ {rps=$2} / requests in / {count=$1}
    /Socket errors|Non-2xx/ {bad=$0}
    END {printf "%-9s %9.0f requests/s  p99 %9s  %5.1f us CPU each %s\n",
                who, rps, p99, cpu / count / 1000, bad}' "$dir/wrk.txt"
}
round=0
while [ "$round" -lt "$rounds" ]; do
  measure "$port" holdfast "$ours"
  measure "$nginx_port" nginx "$theirs"
  round=$((round + 1))
done
