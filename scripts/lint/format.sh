#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every C++ file is as clang-format 14 leaves it.
set -euo pipefail
git ls-files '*.cpp' '*.hpp' | xargs -r clang-format --dry-run --Werror
