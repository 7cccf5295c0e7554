#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/package-transcript.md on a Debian that has just been booted: its commands do what it says.
# With --record its page gets what they print. Usage: package_transcript_test.sh BIN_DIR [--record]
# shellcheck source=tests/system/booted.sh
. "$(dirname "${BASH_SOURCE[0]}")/booted.sh"
# Those of package_test.sh, so that one tree serves both.
extra_packages=(openssl nodejs nginx-light caddy gunicorn)

copy_tree "$1"
mkdir "$work/packages"
deb=$("$root/packaging/build.sh" "$work/packages") || fail "the package is not made"
cp "$deb" "$work/tree/root/"
make_next_package "$deb" "$work/tree/root/$(basename "$deb" _amd64.deb)+next_amd64.deb"
cp "$root/tests/docker/receiver.py" "$work/tree/root/"
boot_copy

# A command of the page: as root, in root's directory, of the booted machine.
cat >"$work/type" <<SHELL
#!/bin/sh
exec nsenter -t $leader -m -u -i -n -p -C -- \
  env DEBIAN_FRONTEND=noninteractive HOME=/root LC_ALL=C.UTF-8 bash -o pipefail -c "cd; \$1"
SHELL
chmod +x "$work/type"
python3 "$root/tests/support/transcript.py" "$root/docs/package-transcript.md" "${@:2}" -- "$work/type" ||
  fail "docs/package-transcript.md"
