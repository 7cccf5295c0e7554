# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# The Debian packages that are needed, and functions to install and build. Sourced by ./run and ./test.

build_packages=(g++ cmake ninja-build ccache pkg-config
  libssl-dev libspdlog-dev nlohmann-json3-dev libtomlplusplus-dev libcli11-dev
  libexpected-dev prometheus-cpp-dev libsqlitecpp-dev libsqlite3-dev libpq-dev zlib1g-dev libhiredis-dev
  libre2-dev libhowardhinnant-date-dev libstemmer-dev libutf8proc-dev
  tzdata)

# Debian 12 has Boost 1.81 beside its default 1.74; the default of later releases is new enough.
# Decided by the release, not by apt, whose lists may be empty on a new machine.
# shellcheck source=/dev/null
case "$(. /etc/os-release 2>/dev/null && echo "${ID:-}${VERSION_ID:-}")" in
  debian12) build_packages+=(libboost1.81-dev) ;;
  *) build_packages+=(libboost-dev) ;;
esac

test_packages=(catch2 libbenchmark-dev mold clang-format clang-tidy shellcheck git procps
  prometheus prometheus-alertmanager nginx-light nodejs wrk curl jq openssl sqlite3 zsh fish haproxy
  redis-server postgresql pgbouncer chromium prometheus-nginx-exporter python3-prometheus-client gunicorn
  celery python3-flask python3-redis uvicorn php-fpm)

# npm may be installed without dpkg (nvm, NodeSource).
command -v npm >/dev/null || test_packages+=(npm)

system_packages=(debootstrap systemd-container iproute2)
docker_packages=(docker.io docker-compose debootstrap jq curl procps)

# What packaging/build.sh needs besides a compiler, and what its result is checked with.
package_packages=(python3 dpkg-dev fakeroot file binutils)
package_test_packages=("${package_packages[@]}" lintian mandoc)

# The peers that tests/bench compares Holdfast with.
bench_packages=(supervisor s6 nodejs python3-prometheus-client)
command -v npm >/dev/null || bench_packages+=(npm)

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
    die "installing packages needs root: run as root, or install sudo, or install: ${*: -1}"
  fi
}

# install_missing NAME...: asks dpkg first, so that a second run takes milliseconds.
install_missing() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || die "this is not Debian: install these packages yourself: ${missing[*]}"
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  as_root apt-get update -qq || die "apt-get update failed: is the network up?"
  as_root sh -c "$install_unstarted" sh "${missing[@]}" ||
    die "apt-get could not install: ${missing[*]}"
}

# The packages must not start the servers that the tests start themselves. Under systemd only a
# policy-rc.d prevents that; an existing one belongs to the machine and is left alone.
# shellcheck disable=SC2016
install_unstarted='
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap "rm -f $policy" EXIT
    trap "exit 130" INT TERM HUP
    printf "#!/bin/sh\nexit 101\n" >"$policy" && chmod 755 "$policy"
  fi
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null'

# build PRESET TARGET...: configures once, and again when packages have come that it may have looked
# for in vain; then builds what has changed.
build() {
  local preset=$1 made=build/$1/build.ninja
  shift
  if [ ! -f "$made" ] || [ /var/lib/dpkg/status -nt "$made" ]; then
    say "Configuring build/$preset"
    cmake --preset "$preset" >"/tmp/holdfast-cmake.$$" 2>&1 || {
      cat "/tmp/holdfast-cmake.$$"
      die "cmake failed"
    }
    rm -f "/tmp/holdfast-cmake.$$"
  fi
  cmake --build --preset "$preset" "${@/#/--target=}" || die "the build of $preset failed"
}
