#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every test that is named in the tables of other projects' bugs and traps exists.
set -uo pipefail
bad=0

# check_table DOCUMENT HEADING COLUMN NEEDED LEAST: checks each row of the table below HEADING, from
# COLUMN on. NEEDED: `test` if it must name a test, `reason` if it may say instead why there is none.
# LEAST: the least number of names, so that a table that is no longer found is noticed.
check_table() {
  local document=$1 heading=$2 column=$3 needed=$4 least=$5 names=0 row title answer name found
  while IFS= read -r row; do
    title=$(cut -d '|' -f 2 <<<"$row")
    answer=$(cut -d '|' -f "$column-" <<<"$row")
    found=0
    while IFS= read -r name; do
      found=$((found + 1))
      git grep -qF "\"$name\"" -- 'tests/*_test.cpp' ||
        { echo "$document:$title: no test is called '$name'"; bad=1; }
    done < <(grep -oP '\x60[^\x60]+\x60' <<<"$answer" | tr -d '\140')
    names=$((names + found))
    if [ "$needed" = test ]; then
      [ "$found" -ge 1 ] || { echo "$document:$title: names no test"; bad=1; }
    else
      [ "${#answer}" -gt 20 ] || { echo "$document:$title: names neither a test nor a reason"; bad=1; }
    fi
  done < <(awk -v heading="$heading" '/^## / { inside = ($0 == heading) } inside && /^\| /' "$document" | tail -n +2)
  [ "$names" -ge "$least" ] || { echo "$document: only $names tests are named below '$heading'"; bad=1; }
}

check_table docs/supervision.md '## Bugs that others had' 4 reason 40
check_table docs/metrics.md '## Traps that others fell into' 5 test 40
exit $bad
