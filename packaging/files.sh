#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the files of the package that are not built: files.sh BIN_DIR OUT_DIR VERSION
set -euo pipefail
bin=$1 out=$2 version=$3
here=$(dirname "$(readlink -f "$0")")
python3 "$here/changelog.py" --check "$version"
epoch=${SOURCE_DATE_EPOCH:-$(python3 "$here/changelog.py" --epoch)}
rm -rf "${out:?}/man" "${out:?}/bin" "${out:?}/documents"
mkdir -p "$out/bin"
for name in holdfast holdfast-api-worker holdfast-queue-worker; do
  strip --strip-unneeded --remove-section=.comment --remove-section=.note -o "$out/bin/$name" "$bin/$name"
done
python3 "$here/manual.py" "$bin" "$out" "$version" "$epoch"
python3 "$here/documents.py" "$out/documents"
python3 "$here/changelog.py" | gzip -9n >"$out/changelog.Debian.gz"
gzip -9nc "$here/../CHANGELOG.md" >"$out/changelog.gz"
gzip -9n "$out"/man/*
python3 "$here/sbom.py" "$out/bin" "$version" "$epoch" >"$out/holdfast.spdx.json"
