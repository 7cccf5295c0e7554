#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the checks of .clang-tidy over every source file of the product, as the build puts several
# together: most of the time goes into the headers that they share. Compiler warnings are left to
# GCC: -w turns clang's own off.
set -euo pipefail
jq -r '.[].file' build/release/compile_commands.json | sed "s|^$PWD/||" |
  grep -E '^(build/release/)?(common|supervisor|api-worker|queue-worker)/' |
  grep -vE '_impl[./]|beast_parser\.cpp$' |
  xargs -r -P "$(nproc)" -n 2 clang-tidy -p build/release --quiet --extra-arg=-w \
    --header-filter='(common|supervisor|api-worker|queue-worker)/.*\.(hpp|cpp)$' 2>/dev/null
