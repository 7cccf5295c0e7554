#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every test that docs/supervision.md names against a class of bugs exists, and every class has one
# or a reason.
set -uo pipefail
bad=0
names=0
while IFS= read -r row; do
  class=$(cut -d '|' -f 2 <<<"$row")
  answer=$(cut -d '|' -f 4- <<<"$row")
  [ "${#answer}" -gt 20 ] || { echo "docs/supervision.md:$class: neither a test nor a reason"; bad=1; }
  while IFS= read -r name; do
    names=$((names + 1))
    git grep -qF "\"$name\"" -- 'tests/*_test.cpp' ||
      { echo "docs/supervision.md:$class: there is no test '$name'"; bad=1; }
  done < <(grep -oP '\x60[^\x60]+\x60' <<<"$answer" | tr -d '\140')
done < <(sed -n '/^## Bugs that others had/,$p' docs/supervision.md | grep '^| ' | grep -v '^| class |')
[ "$names" -ge 40 ] || { echo "docs/supervision.md: only $names tests were found in its table"; bad=1; }
exit $bad
