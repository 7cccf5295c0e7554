#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `./run --build-only`, then `./test unit integration`, on a Debian 13 made by debootstrap: newer GCC,
# Boost, fmt, Catch2, libpq and PostgreSQL. Needs root and Debian's mirror. The tree is kept in
# build/debian13 with its packages, its build and its compiler cache, so that a second run builds only
# what has changed. Usage: debian13_test.sh [PART...]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tree=${HOLDFAST_DEBIAN13:-$root/build/debian13}
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(unit integration)

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

if [ ! -e "$tree.done" ]; then
  echo "making a Debian 13 in $tree (once, about a minute)"
  rm -rf "$tree"
  mkdir -p "$(dirname "$tree")"
  debootstrap --variant=minbase --include=ca-certificates trixie "$tree" >"$tree.log" 2>&1 ||
    { tail -20 "$tree.log" >&2; fail debootstrap; }
  touch "$tree.done"
fi

# The checkout as it is, with the times of its files, but for what is built.
mkdir -p "$tree/src"
find "$tree/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
git -C "$root" ls-files -z --cached --others --exclude-standard |
  tar -C "$root" --null -T - --ignore-failed-read -cf - | tar -C "$tree/src" -xf -

# Not booted, and with the network of this host, by which it reaches the mirror.
inside=(systemd-nspawn --quiet -D "$tree" --machine="hf-$$" --register=no --keep-unit --as-pid2
  --console=pipe --resolv-conf=replace-host --chdir=/src)
for name in CMAKE_BUILD_PARALLEL_LEVEL http_proxy https_proxy; do
  [ -z "${!name:-}" ] || inside+=(--setenv="$name=${!name}")
done
"${inside[@]}" ./run --build-only || fail "./run --build-only"
"${inside[@]}" build/release/bin/holdfast version || fail "holdfast version"
"${inside[@]}" ./test "${parts[@]}" || fail "./test ${parts[*]}"
echo "Debian 13: it builds, and passes ${parts[*]}"
