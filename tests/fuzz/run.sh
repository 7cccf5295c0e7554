#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh SECONDS [TARGET...]: builds the fuzz targets with clang's libFuzzer, address and undefined
# behaviour sanitizers, and fuzzes them one after the other, SECONDS in all, in one process at a time.
# Targets: body headers request target; all of them by default.
# What is found lands in build/fuzz/findings: mend it, then add the file to tests/fuzz/http/corpus/TARGET,
# where every test run replays it. New coverage stays in build/fuzz/corpus, for the next run.
# Needs clang and libclang-rt-dev (Debian 12: libclang-rt-14-dev).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
[ $# -ge 1 ] || { sed -n 's/^# //p' "$0" | sed -n '2,7p'; exit 2; }
seconds=$1
shift
targets=("$@")
[ ${#targets[@]} != 0 ] || targets=(body headers request target)

out=build/fuzz
mkdir -p "$out"
# shellcheck disable=SC2054 # the commas are clang's
flags=(-std=c++20 -O1 -g1 -w -I. "-I$out" -fno-omit-frame-pointer -fsanitize=address,undefined
  -fno-sanitize-recover=all -DSPDLOG_FMT_EXTERNAL)
# What the targets reach, and nothing that needs a newer clang (coroutines).
sources=(
  common/base/id.cpp common/base/result.cpp common/store/types.cpp
  common/http/{beast_parser,chunk_decoder,head_rules,head_scanner,message,reason_phrase,request_reader,syntax,target}.cpp
  api-worker/{content_coding,entity_tag,idempotency_key,ip_address,json_input,json_writer,problem,trace_context,utf8}.cpp
  api-worker/middleware/{client_address,request_id}.cpp
  api-worker/handlers/{document_input,query}.cpp)

compile() { # SOURCE -> OBJECT, if the source or any header is newer
  local object=$out/${1//\//_}.o
  if [ ! -f "$object" ] || [ -n "$(find "$1" common api-worker tests/fuzz -name '*.[ch]pp' -newer "$object" -print -quit)" ]; then
    clang++ "${flags[@]}" -fsanitize=fuzzer-no-link -c "$1" -o "$object"
  fi
  echo "$object"
}

objects=()
for source in "${sources[@]}"; do objects+=("$(compile "$source")"); done
found=0
for target in "${targets[@]}"; do
  clang++ "${flags[@]}" -fsanitize=fuzzer "$(compile "tests/fuzz/http/$target.cpp")" "${objects[@]}" \
    -lfmt -lcrypto -lz -o "$out/$target"
  mkdir -p "$out/corpus/$target" "$out/findings"
  echo "==> $target, $((seconds / ${#targets[@]})) s"
  "$out/$target" -max_total_time=$((seconds / ${#targets[@]})) -max_len=4096 -timeout=5 -rss_limit_mb=1024 \
    -print_final_stats=1 -verbosity=0 "-artifact_prefix=$out/findings/$target-" \
    "$out/corpus/$target" "tests/fuzz/http/corpus/$target" || found=$((found + 1))
done
[ "$found" = 0 ] || { echo "$found of ${#targets[@]} targets failed: see $out/findings"; exit 1; }
