#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL 17 with pgvector, from Debian 13, under the tests that PostgreSQL 15 passes: the
# contract of the engine, and whole stacks. Usage: pgvector_test.sh BIN_DIR
set -euo pipefail

bin=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${HOLDFAST_SYSTEM_CACHE:-$root/build/system}
tree=$cache/tree-postgresql

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

if [ ! -e "$tree.done" ]; then
  mkdir -p "$cache"
  rm -rf "$tree"
  echo "making a Debian tree in $tree (once, about two minutes)"
  debootstrap --variant=minbase --include=postgresql-17,postgresql-17-pgvector trixie "$tree" \
    >"$cache/debootstrap-postgresql.log" 2>&1 ||
    { tail -20 "$cache/debootstrap-postgresql.log" >&2; fail debootstrap; }
  touch "$tree.done"
fi

export HOLDFAST_TEST_POSTGRES_TREE=$tree HOLDFAST_TEST_PGVECTOR=1
"$bin/unit_store_postgres" || fail "the contract of the store, and its index"
"$bin/unit_search_quality" "*PostgreSQL*" || fail "the quality of its search"
"$bin/integration_postgres" || fail "stacks on PostgreSQL 17"
