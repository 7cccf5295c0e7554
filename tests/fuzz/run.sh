#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh SECONDS [TARGET...]: builds the fuzz targets with clang's libFuzzer, address and undefined
# behaviour sanitizers, and fuzzes them one after the other, SECONDS in all, in one process at a time.
# Targets: AREA/NAME for each in tests/fuzz, such as http/body, or a whole AREA; all by default.
# What is found lands in build/fuzz/findings: mend it, then add the file to tests/fuzz/AREA/corpus/NAME,
# where every test run replays it. New coverage stays in build/fuzz/corpus, for the next run.
# Needs clang and libclang-rt-dev (Debian 12: libclang-rt-14-dev).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
[ $# -ge 1 ] || { sed -n 's/^# //p' "$0" | sed -n '2,7p'; exit 2; }
seconds=$1
shift
declare -A names=([http]="body headers request target" [telemetry]="ledger parser writer")
[ $# != 0 ] || set -- http telemetry
targets=()
for wanted in "$@"; do
  case "$wanted" in
    */*) targets+=("$wanted") ;;
    *) for name in ${names[$wanted]:?no such area}; do targets+=("$wanted/$name"); done ;;
  esac
done

out=build/fuzz
mkdir -p "$out"
# shellcheck disable=SC2054 # the commas are clang's
flags=(-std=c++20 -O2 -g1 -w -I. "-I$out" -fno-omit-frame-pointer -fsanitize=address,undefined
  -fno-sanitize-recover=all -DSPDLOG_FMT_EXTERNAL)
# What an area's targets reach, and nothing that needs a newer clang (coroutines).
sources_of() {
  case "$1" in
    http)
      echo common/base/{id,result}.cpp common/store/types.cpp \
        common/http/{beast_parser,chunk_decoder,head_rules,head_scanner,message,reason_phrase,request_reader,syntax,target}.cpp \
        api-worker/{content_coding,entity_tag,idempotency_key,ip_address,json_input,json_writer,problem,trace_context,utf8}.cpp \
        api-worker/middleware/{client_address,request_id}.cpp \
        api-worker/handlers/{document_input,query}.cpp ;;
    telemetry)
      echo common/base/clock.cpp common/metrics/{catalogue,catalogue_supervisor,catalogue_worker,exposition,text}.cpp \
        supervisor/telemetry/{gauge_rules,histogram_total,labels,ledger,number}.cpp \
        supervisor/telemetry/{parser,plan,resolve,series_table,totals}.cpp \
        tests/support/exposition.cpp tests/fuzz/telemetry/{families,history}.cpp ;;
    *) echo "no such area: $1" >&2; return 1 ;;
  esac
}

compile() { # SOURCE -> OBJECT, if the source or any header is newer
  local object=$out/${1//\//_}.o coverage=(-fsanitize=fuzzer-no-link)
  [[ $1 != tests/* ]] || coverage=() # what the checks themselves do guides nobody
  if [ ! -f "$object" ] || [ -n "$(find "$1" common api-worker supervisor/telemetry tests/fuzz tests/support \
    -name '*.[ch]pp' -newer "$object" -print -quit)" ]; then
    clang++ "${flags[@]}" ${coverage[@]+"${coverage[@]}"} -c "$1" -o "$object"
  fi
  echo "$object"
}

found=0
for target in "${targets[@]}"; do
  area=${target%/*}
  name=${target#*/}
  objects=()
  for source in $(sources_of "$area"); do objects+=("$(compile "$source")"); done
  clang++ "${flags[@]}" -fsanitize=fuzzer "$(compile "tests/fuzz/$target.cpp")" "${objects[@]}" \
    -lfmt -lcrypto -lz -o "$out/$area-$name"
  corpus=tests/fuzz/$area/corpus/$name
  options=(-max_len=4096)
  [ ! -f "tests/fuzz/$area/$name.dict" ] || options+=("-dict=tests/fuzz/$area/$name.dict")
  mkdir -p "$out/corpus/$target" "$out/findings"
  echo "==> $target, $((seconds / ${#targets[@]})) s"
  "$out/$area-$name" -max_total_time=$((seconds / ${#targets[@]})) -timeout=5 -rss_limit_mb=1024 \
    -print_final_stats=1 -verbosity=0 "-artifact_prefix=$out/findings/$area-$name-" "${options[@]}" \
    "$out/corpus/$target" "$corpus" || found=$((found + 1))
done
[ "$found" = 0 ] || { echo "$found of ${#targets[@]} targets failed: see $out/findings"; exit 1; }
