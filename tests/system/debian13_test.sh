#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a newcomer does, on a bare Debian 13 (newer Boost, Catch2 v3, libpq 17): ./run builds and
# serves a document, ./test unit integration passes. Takes as long as a first build does; a second
# time only what has changed is built. Usage: debian13_test.sh [BIN_DIR]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${HOLDFAST_SYSTEM_CACHE:-$root/build/system}
tree=$cache/tree-debian13
source=/srv/holdfast  # where other users may go, too

fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

if [ ! -e "$tree.done" ]; then
  mkdir -p "$cache"
  rm -rf "$tree"
  echo "making a Debian 13 tree in $tree (once, about two minutes)"
  debootstrap --variant=minbase --include=ca-certificates,curl trixie "$tree" \
    >"$cache/debootstrap-debian13.log" 2>&1 ||
    { tail -20 "$cache/debootstrap-debian13.log" >&2; fail debootstrap; }
  touch "$tree.done"
fi
cp /etc/resolv.conf "$tree/etc/resolv.conf"

# The files of the checkout as they are, without what was built from them elsewhere.
mkdir -p "$tree$source"
find "$tree$source" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
git -C "$root" ls-files -z | (cd "$root" && tar --null --files-from=- --create) |
  tar --extract --directory="$tree$source"

# In namespaces of its own, so that nothing that runs in it is left when it ends.
inside() {
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child bash -c '
    tree=$1; shift
    mount --make-rprivate / && mount --bind "$tree" "$tree" && cd "$tree" &&
      mount -t proc proc proc && mount --rbind /sys sys && mount --rbind /dev dev &&
      mount -t tmpfs tmpfs run && exec chroot . "$@"' bash "$tree" \
    env -i HOME=/root TERM=dumb LANG=C.UTF-8 NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# A network whose proxy signs by an authority of its own, which this machine trusts.
if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
  cp /usr/local/share/ca-certificates/*.crt "$tree/usr/local/share/ca-certificates/"
  inside update-ca-certificates >/dev/null
fi

inside bash -c "cd $source && ./run --build-only" || fail "./run --build-only"

# What the README begins with.
# shellcheck disable=SC2016
first_document='
  cd "$0" || exit
  ./run >run.log 2>&1 &
  run=$!
  eventually() { for _ in $(seq 600); do "$@" >answer 2>&1 && return; sleep 0.1; done; cat answer "$0/run.log"; exit 1; }
  found() { curl -sf "localhost:3000/api/search?q=bicycles" | grep Parking; }
  eventually curl -sf localhost:3000/ready
  eventually curl -sf localhost:3000/api/documents -H "Content-Type: application/json" \
    -d "{\"title\": \"Parking\", \"content\": \"Where to leave bicycles\"}"
  eventually found
  kill -TERM $run && wait $run'
inside bash -c "$first_document" "$source" || fail "./run"
inside bash -c "cd $source && ./test unit integration" || fail "./test unit integration"
echo "Debian 13: built, a document found, unit and integration tests passed"
