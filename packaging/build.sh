#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the Debian package from a release build: packaging/build.sh [OUT_DIR]
# Two runs make the same bytes: the only time in it is that of the release in CHANGELOG.md.
set -euo pipefail
out=$(readlink -f "${1:-.}")
cd "$(dirname "$(readlink -f "$0")")/.."
# shellcheck source=scripts/packages.sh
. scripts/packages.sh
install_missing "${build_packages[@]}" "${package_packages[@]}" >&2
build release package_files >&2  # the last line of the output is the package
SOURCE_DATE_EPOCH=$(python3 packaging/changelog.py --epoch)
export SOURCE_DATE_EPOCH
cpack --config build/release/CPackConfig.cmake -B build/release/package >build/release/package.log 2>&1 ||
  { cat build/release/package.log >&2; die "cpack failed"; }
# Of this version alone: earlier packages may lie beside it.
package=$(sed -n 's/.*package: \(.*\.deb\) generated.*/\1/p' build/release/package.log)
cp "$package" build/release/packaging/holdfast.spdx.json "$out/"
echo "$out/$(basename "$package")"
