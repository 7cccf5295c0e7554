#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tables of bugs and traps that others had: every test that they name exists.
set -uo pipefail
bad=0

# check_table DOCUMENT HEADING COLUMN NEEDED LEAST: what each row of the table below HEADING says from
# COLUMN on. NEEDED: `test`, it names one; `reason`, it names one or says why there is none. LEAST:
# how many names there are at least, so that a table that is no longer found is noticed.
check_table() {
  local document=$1 heading=$2 column=$3 needed=$4 least=$5 names=0 row title answer name found
  while IFS= read -r row; do
    title=$(cut -d '|' -f 2 <<<"$row")
    answer=$(cut -d '|' -f "$column-" <<<"$row")
    found=0
    while IFS= read -r name; do
      found=$((found + 1))
      git grep -qF "\"$name\"" -- 'tests/*_test.cpp' ||
        { echo "$document:$title: there is no test '$name'"; bad=1; }
    done < <(grep -oP '\x60[^\x60]+\x60' <<<"$answer" | tr -d '\140')
    names=$((names + found))
    if [ "$needed" = test ]; then
      [ "$found" -ge 1 ] || { echo "$document:$title: no test"; bad=1; }
    else
      [ "${#answer}" -gt 20 ] || { echo "$document:$title: neither a test nor a reason"; bad=1; }
    fi
  done < <(awk -v heading="$heading" '/^## / { inside = ($0 == heading) } inside && /^\| /' "$document" | tail -n +2)
  [ "$names" -ge "$least" ] || { echo "$document: only $names tests were found below '$heading'"; bad=1; }
}

check_table docs/supervision.md '## Bugs that others had' 4 reason 40
check_table docs/metrics.md '## Traps that others fell into' 5 test 40
exit $bad
