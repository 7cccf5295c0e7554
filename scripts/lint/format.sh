#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every C++ file is formatted by clang-format 14.
set -euo pipefail
version=$(clang-format --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "$version" != 14 ]; then
  echo "skipped: the format is that of clang-format 14 (Debian 12), and this is $version"
  exit 0
fi
git ls-files '*.cpp' '*.hpp' | xargs -r clang-format --dry-run --Werror
