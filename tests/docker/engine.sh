# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A Docker engine and the images for the tests in this folder. Needs root. Sourced; it uses the
# caller's EXIT trap.
#   start_engine          an engine of the tests' own, or that of HOLDFAST_TEST_DOCKER_HOST
#   base_images           debian:12-slim and debian:13-slim, by debootstrap
#   image NAME STAGE      one of images/Dockerfile
#   holdfast_images BIN   holdfast and holdfast-supervisor, of the binaries in BIN
#   wait_for TEXT CMD...  until the command succeeds
# No registry is asked: what the compose file names is built of Debian's packages, under the same
# names. The engine keeps them in BUILD/docker, so that a second run takes a fraction of the first.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${HOLDFAST_DOCKER_CACHE:-$root/build/docker}
work=$(mktemp -d /var/tmp/holdfast-docker.XXXXXX)
engine=
trap clean_up EXIT

say() { printf '  %s\n' "$*"; }

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  explain >&2 || true
  exit 1
}

explain() { :; }       # what the test adds to a failure
clean_up_test() { :; }  # what the test leaves

clean_up() {
  local status=$?
  clean_up_test || true
  if [ -n "$engine" ]; then
    kill "$engine" 2>/dev/null || true
    wait "$engine" 2>/dev/null || true
    # The namespace of containers with the host's network stays mounted.
    umount "$work"/exec/netns/* 2>/dev/null || true
  fi
  rm -rf "$work"
  exit "$status"
}

# grep -q would end before it has read all, and break the pipe.
has() { grep "$@" >/dev/null; }

wait_for() {
  local what=$1
  shift
  for _ in $(seq 1200); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  fail "for two minutes: not $what"
}

start_engine() {
  if [ -n "${HOLDFAST_TEST_DOCKER_HOST:-}" ]; then
    export DOCKER_HOST=$HOLDFAST_TEST_DOCKER_HOST
    docker info >/dev/null 2>&1 || fail "no engine answers at $DOCKER_HOST"
    return
  fi
  # Two engines would disturb each other's networks, and images of ours belong into no other.
  if pgrep -x dockerd >/dev/null; then
    fail "a Docker engine runs on this machine: stop it, or name one for tests in HOLDFAST_TEST_DOCKER_HOST"
  fi
  export DOCKER_HOST=unix://$work/docker.sock
  mkdir -p "$cache"
  dockerd --data-root "$cache/engine" --exec-root "$work/exec" --pidfile "$work/dockerd.pid" \
    -H "$DOCKER_HOST" >"$cache/dockerd.log" 2>&1 &
  engine=$!
  wait_for "an engine (see $cache/dockerd.log)" docker info
}

base_image() { # RELEASE NAME
  docker image inspect "$2" >/dev/null 2>&1 && return
  say "making $2 (once, about a minute)"
  debootstrap --variant=minbase "$1" "$work/tree" >"$work/debootstrap.log" 2>&1 ||
    { tail -20 "$work/debootstrap.log" >&2; fail debootstrap; }
  tar -C "$work/tree" -c --exclude='./var/cache/apt/*.bin' --exclude='./var/cache/apt/archives/*.deb' . |
    docker import - "$2" >/dev/null
  rm -rf "$work/tree"
}

base_images() {
  base_image bookworm debian:12-slim
  base_image trixie debian:13-slim
}

# Their layers are kept, so a build without changes takes a second.
image() { # NAME STAGE
  docker build -q --network host -t "$1" --target "$2" -f "$root/tests/docker/images/Dockerfile" \
    "$root/tests/docker/images" >"$work/build.log" 2>&1 || { tail -20 "$work/build.log" >&2; fail "build $1"; }
}

# docker/Dockerfile without its first stage, which compiles: that takes many minutes. The binaries
# come from an image that has them, and the libraries that they need, in the places that it expects.
holdfast_images() {
  local bin=$1 context=$work/context name
  mkdir -p "$context/bin"
  for name in holdfast holdfast-api-worker holdfast-queue-worker; do
    cp "$bin/$name" "$context/bin/"
    ldd "$bin/$name" | grep -o '/[^ ]*' | xargs readlink -f
  done >"$context/libraries"
  # What is loaded without being linked: libpq.
  readlink -f "$(ldconfig -p | awk '/libpq\.so\.5 / && !seen++ { print $NF }')" >>"$context/libraries"
  sed 'p; s|^/usr||' "$context/libraries" | sort -u | { xargs dpkg -S 2>/dev/null || true; } | cut -d: -f1 | sort -u >"$context/packages"
  cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM debian:12-slim
COPY packages /
RUN apt-get update -qq \
  && apt-get install -y -qq --no-install-recommends binutils patchelf ca-certificates tzdata $(cat /packages) >/dev/null
COPY bin /out/bin
DOCKERFILE
  docker build -q --network host -t holdfast-test-binaries "$context" >"$work/build.log" 2>&1 ||
    { tail -20 "$work/build.log" >&2; fail "build holdfast-test-binaries"; }
  mkdir "$work/source"
  cp -r "$root/docker" "$root/examples" "$root/.dockerignore" "$work/source/"
  awk '/^FROM / { compiles = / AS compile$/ } !compiles' "$root/docker/Dockerfile" >"$work/Dockerfile"
  for name in holdfast:latest:stack holdfast-supervisor:latest:supervisor; do
    docker build -q --build-arg COMPILED=holdfast-test-binaries -t "${name%:*}" --target "${name##*:}" \
      -f "$work/Dockerfile" "$work/source" >"$work/build.log" 2>&1 ||
      { tail -20 "$work/build.log" >&2; fail "build ${name%:*}"; }
  done
}
