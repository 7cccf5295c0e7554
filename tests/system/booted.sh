# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Debian with a real, booted systemd around the binaries under test, for the tests in this folder.
# Needs root. Sourced; it uses the caller's EXIT trap.
#   boot BIN_DIR      boots a copy of the tree with the binaries and units installed
#   boot_debian DIR   boots a copy of the tree with what the binaries in DIR link to, and nothing of ours
#   inside CMD...     runs a command in it
#   make_next_package DEB OUT   the package as of a later version, with another default configuration
# A tree is created once and kept in BUILD/system.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${HOLDFAST_SYSTEM_CACHE:-$root/build/system}
extra_packages=()  # in the tree of the test
work=
spawned=
leader=
cgroups=()

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  if [ -n "$leader" ]; then
    inside systemctl status --no-pager -l holdfast.service holdfast.socket >&2 || true
    inside journalctl --no-pager -n 60 -u holdfast >&2 || true
  fi
  exit 1
}

# The libraries that the binaries in a folder link to, and libpq, which they load by themselves.
libraries_of() {
  local libpq
  libpq=$(ldconfig -p | awk '/libpq\.so\.5 / && !seen++ { print $NF }')
  echo "$libpq"
  ldd "$1"/holdfast "$1"/holdfast-api-worker "$1"/holdfast-queue-worker "$libpq" |
    awk '$3 ~ /^\// { print $3 }' | sort -u
}

library_packages() {
  libraries_of "$1" |
    while read -r library; do printf '%s\n' "$library" "/usr$library" "$(readlink -f "$library")"; done |
    sort -u | { xargs dpkg-query -S 2>/dev/null || true; } | sed 's/[:,].*//' | sort -u
}

make_tree() { # BIN_DIR
  local release packages log=$cache/tree.log
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mapfile -t packages < <(library_packages "$1")
  [ ${#packages[@]} != 0 ] || fail "the libraries of the programs were not found"
  packages+=(systemd systemd-sysv dbus ca-certificates curl libnss-systemd tzdata procps "${extra_packages[@]}")
  tree=$cache/tree-$release-$(printf '%s ' "${packages[@]}" | cksum | cut -d' ' -f1)
  [ -e "$tree.done" ] && return
  mkdir -p "$cache"
  rm -rf "$tree"
  echo "making a Debian tree in $tree (once, about two minutes)"
  {
    debootstrap --variant=minbase "$release" "$tree" &&
      cp /etc/resolv.conf "$tree/etc/resolv.conf" &&
      printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d" && chmod 755 "$tree/usr/sbin/policy-rc.d" &&
      DEBIAN_FRONTEND=noninteractive unshare --mount --pid --fork --mount-proc="$tree/proc" chroot "$tree" \
        apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-unsafe-io "${packages[@]}" &&
      chroot "$tree" apt-get clean
  } >"$log" 2>&1 || { tail -20 "$log" >&2; fail "debootstrap"; }
  # It would keep the package from starting its service.
  rm -f "$tree/usr/sbin/policy-rc.d" "$tree"/etc/systemd/system/multi-user.target.wants/{nginx,caddy,haproxy}.service
  touch "$tree.done"
}

# Binaries, the libraries that they need, units, the user.
install_into() {
  local bin=$1 to=$2 name library
  for name in holdfast holdfast-api-worker holdfast-queue-worker; do
    install -m 755 "$bin/$name" "$to/usr/bin/$name"
  done
  libraries_of "$bin" | while read -r library; do
    [ -e "$to$library" ] || install -D -m 644 "$(readlink -f "$library")" "$to$library"
  done
  install -m 644 "$root"/systemd/holdfast.service "$root"/systemd/holdfast.socket "$to/lib/systemd/system/"
  install -D -m 644 "$root/systemd/holdfast.sysusers.conf" "$to/usr/lib/sysusers.d/holdfast.conf"
  mkdir -p "$to/etc/holdfast"
}

inside() { nsenter -t "$leader" -m -u -i -n -p -C -- "$@"; }

shut_down() {
  local status=$? group
  if [ -n "$leader" ]; then
    inside systemctl poweroff >/dev/null 2>&1 || true
    for _ in $(seq 100); do kill -0 "$spawned" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$spawned" 2>/dev/null || true
  fi
  for group in "${cgroups[@]}"; do
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
  [ -z "$work" ] || { mountpoint -q "$work/tree" && umount "$work/tree"; rm -rf "$work"; }
  exit "$status"
}

# What the test changes is beside the tree; without overlay file systems, in a copy of it.
copy_tree() { # BIN_DIR
  make_tree "$1"
  work=$(mktemp -d /var/tmp/holdfast-boot.XXXXXX)
  trap shut_down EXIT
  mkdir "$work/tree" "$work/upper" "$work/scratch"
  mount -t overlay overlay -o "lowerdir=$tree,upperdir=$work/upper,workdir=$work/scratch" "$work/tree" \
    2>/dev/null || cp -a "$tree/." "$work/tree"
  # There is no other host in there.
  echo '127.0.0.1 localhost' >"$work/tree/etc/hosts"
  : >"$work/tree/etc/resolv.conf"
}

boot() {
  copy_tree "$1"
  install_into "$1" "$work/tree"
  boot_copy
  inside systemd-sysusers
  inside systemctl daemon-reload
}

boot_debian() {
  copy_tree "$1"
  boot_copy
}

make_next_package() {
  local content=$work/next file=etc/holdfast/holdfast.toml
  dpkg-deb -R "$1" "$content"
  sed -i 's/^Version: .*/&+next/' "$content/DEBIAN/control"
  echo "# Another default." >>"$content/$file"
  sed -i "s|^[0-9a-f]*  $file|$(md5sum <"$content/$file" | cut -d' ' -f1)  $file|" "$content/DEBIAN/md5sums"
  dpkg-deb --root-owner-group -b "$content" "$2" >/dev/null
}

# Each machine has a cgroup of its own in each hierarchy of systemd's: what another one, or one that
# was killed, left there (with other owners) is not seen in it.
cgroups_of_machine() {
  local hierarchy own
  own=$(sed -n 's/^0:://p' /proc/self/cgroup)
  hierarchy=$(awk '$3 == "cgroup2" && !seen++ { print $2 }' /proc/self/mounts)
  [ -z "$hierarchy" ] || echo "$hierarchy${own%/}/hf-$$"
  own=$(sed -n 's/^[0-9]*:name=systemd://p' /proc/self/cgroup)
  hierarchy=$(awk '$3 == "cgroup" && $4 ~ /name=systemd/ && !seen++ { print $2 }' /proc/self/mounts)
  [ -z "$hierarchy" ] || echo "$hierarchy${own%/}/hf-$$"
}

boot_copy() {
  local group
  mapfile -t cgroups < <(cgroups_of_machine)
  (
    for group in "${cgroups[@]}"; do
      mkdir "$group" && echo "$BASHPID" >"$group/cgroup.procs"
    done
    exec systemd-nspawn --quiet -D "$work/tree" --machine="hf-$$" --register=no --keep-unit \
      --private-network --resolv-conf=off --console=pipe -b
  ) >"$work/console" 2>&1 &
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
}
