#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds what is missing in build/release and measures; each figure beside a peer or a limit.
#   tests/bench/run.sh                 every area
#   tests/bench/run.sh AREA...         alerts | embedding | http | log | process | protocol |
#                                      queue | store | supervision | telemetry | text
#   tests/bench/run.sh alerts -- [--kills N] [--seconds S]                 see alerts.py
#   tests/bench/run.sh queue -- [--runs N] [--seconds S] [--only NAME] [PART...]  see bench_queue
#   tests/bench/run.sh supervision -- [--runs N] [--only NAME] [PART...]   see bench_supervision
#   tests/bench/run.sh telemetry -- [--scrapes N] [--only NAME] [PART...]  see bench_telemetry
# Run it on an idle machine. docs/benchmarks.md explains the figures.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

# shellcheck source=scripts/packages.sh
. scripts/packages.sh
bin=build/release/bin
all_areas=(alerts embedding http log process protocol queue store supervision telemetry text)

# Scratch directories on a disk, not in memory: some benchmarks measure fsync.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What an area's package-lock.json names, into build/AREA-bench.
install_peers() {
  local peers=build/$1-bench
  ! cmp -s "tests/bench/$1/package-lock.json" "$peers/installed" || return 0
  rm -rf "$peers"
  mkdir -p "$peers"
  cp "tests/bench/$1"/package{,-lock}.json "$peers/"
  npm ci --prefix "$peers" --ignore-scripts --no-audit --no-fund --loglevel=error
  cp "tests/bench/$1/package-lock.json" "$peers/installed"
}
area_alerts() {
  build release holdfast holdfast-api-worker holdfast-queue-worker
  tests/bench/alerts/alerts.py "$bin" "$@"
}
area_embedding() {
  build release bench_embedding
  "$bin/bench_embedding"
}
area_http() {
  install_missing nginx-light wrk curl linux-perf
  build release holdfast holdfast-api-worker holdfast-queue-worker \
    bench_http_server bench_http_load bench_count_allocations
  tests/bench/http/run.sh "$bin"
}
area_log() {
  build release bench_log
  "$bin/bench_log"
}
area_process() {
  build release bench_launch bench_relay
  "$bin/bench_launch"
  echo
  (cd "$scratch" && "$OLDPWD/$bin/bench_relay")
}
area_protocol() {
  build release bench_in_flight
  "$bin/bench_in_flight"
}
area_queue() {
  install_missing "${bench_packages[@]}" postgresql redis-server
  build release holdfast holdfast-api-worker holdfast-queue-worker bench_http_load bench_queue
  install_peers queue
  NODE_PATH=$PWD/build/queue-bench/node_modules "$bin/bench_queue" "$@"
}
area_store() {
  build release bench_store
  (cd "$scratch" && "$OLDPWD/$bin/bench_store")
}
area_supervision() {
  install_missing "${bench_packages[@]}"
  build release bench_supervision
  "$bin/bench_supervision" "$@"
}
area_text() {
  install_missing libsimdjson-dev
  build release bench_text
  "$bin/bench_text"
}
area_telemetry() {
  install_missing "${bench_packages[@]}"
  build release bench_ledger bench_telemetry
  install_peers telemetry
  NODE_PATH=$PWD/build/telemetry-bench/node_modules "$bin/bench_telemetry" "$@"
  [ $# -gt 0 ] || "$bin/bench_ledger"
}

areas=()
arguments=()
while [ $# -gt 0 ]; do
  if [ "$1" = -- ]; then
    shift
    arguments=("$@")
    break
  fi
  areas+=("$1")
  shift
done
[ ${#areas[@]} -gt 0 ] || areas=("${all_areas[@]}")
for area in "${areas[@]}"; do
  case " ${all_areas[*]} " in
    *" $area "*) ;;
    *) die "unknown area '$area': ${all_areas[*]}" ;;
  esac
done

install_missing "${build_packages[@]}" catch2 libbenchmark-dev
echo "$(uname -sr), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg), $(date -u +%F)"
for area in "${areas[@]}"; do
  say "$area"
  case "$area" in
    alerts | queue | supervision | telemetry) "area_$area" ${arguments[@]+"${arguments[@]}"} ;;
    *) "area_$area" ;;
  esac
done
