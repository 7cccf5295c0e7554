#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The short clang-tidy list, over every source file of the product. Compiler warnings are GCC's
# business: -w keeps clang's own out of it.
set -euo pipefail
git ls-files 'common/*.cpp' 'supervisor/*.cpp' 'api-worker/*.cpp' 'queue-worker/*.cpp' |
  grep -vE '_impl\.cpp$|beast_parser\.cpp$' |
  xargs -r -P "$(nproc)" -n 8 clang-tidy -p build/release --quiet --extra-arg=-w 2>/dev/null
