# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Debian with a real, booted systemd around the binaries under test, for the tests in this folder.
# Needs root. Sourced; it uses the caller's EXIT trap.
#   boot BIN_DIR      boots a copy of the tree with the binaries and units installed
#   inside CMD...     runs a command in it
# The tree is created once and kept in BUILD/system.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${HOLDFAST_SYSTEM_CACHE:-$root/build/system}
work=
spawned=
leader=

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  if [ -n "$leader" ]; then
    inside systemctl status --no-pager -l holdfast.service holdfast.socket >&2 || true
    inside journalctl --no-pager -n 60 -u holdfast >&2 || true
  fi
  exit 1
}

make_tree() {
  local release
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  [ -e "$cache/tree-$release.done" ] && { tree=$cache/tree-$release; return; }
  mkdir -p "$cache"
  tree=$cache/tree-$release
  rm -rf "$tree"
  echo "making a Debian tree in $tree (once, about a minute and a half)"
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,curl,libnss-systemd \
    "$release" "$tree" >"$cache/debootstrap.log" 2>&1 || { tail -20 "$cache/debootstrap.log" >&2; fail debootstrap; }
  rm -f "$tree/usr/sbin/policy-rc.d"
  touch "$cache/tree-$release.done"
}

# Binaries, the libraries that they need, units, the user.
install_into() {
  local bin=$1 to=$2 name library
  for name in holdfast holdfast-api-worker holdfast-queue-worker; do
    install -m 755 "$bin/$name" "$to/usr/bin/$name"
    ldd "$bin/$name" | awk '$3 ~ /^\// { print $3 }'
  done | sort -u | while read -r library; do
    [ -e "$to$library" ] || install -D -m 644 "$(readlink -f "$library")" "$to$library"
  done
  install -m 644 "$root"/systemd/holdfast.service "$root"/systemd/holdfast.socket "$to/lib/systemd/system/"
  install -D -m 644 "$root/systemd/holdfast.sysusers.conf" "$to/usr/lib/sysusers.d/holdfast.conf"
  mkdir -p "$to/etc/holdfast"
}

inside() { nsenter -t "$leader" -m -u -i -n -p -C -- "$@"; }

shut_down() {
  local status=$?
  if [ -n "$leader" ]; then
    inside systemctl poweroff >/dev/null 2>&1 || true
    for _ in $(seq 100); do kill -0 "$spawned" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$spawned" 2>/dev/null || true
  fi
  [ -z "$work" ] || rm -rf "$work"
  exit "$status"
}

boot() {
  make_tree
  work=$(mktemp -d /var/tmp/holdfast-boot.XXXXXX)
  trap shut_down EXIT
  cp -a "$tree" "$work/tree"
  install_into "$1" "$work/tree"
  systemd-nspawn --quiet -D "$work/tree" --machine="hf-$$" --register=no --keep-unit \
    --private-network --console=pipe -b >"$work/console" 2>&1 &
  spawned=$!
  for _ in $(seq 600); do
    leader=$(pgrep -P "$spawned" -x systemd || true)
    if [ -n "$leader" ]; then
      case $(inside systemctl is-system-running 2>/dev/null || true) in
        running | degraded) break ;;
      esac
    fi
    kill -0 "$spawned" 2>/dev/null || { tail -30 "$work/console" >&2; leader=; fail "systemd did not boot"; }
    sleep 0.1
  done
  inside systemd-sysusers
  inside systemctl daemon-reload
}
