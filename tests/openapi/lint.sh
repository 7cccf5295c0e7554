#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lints api-worker/openapi.json with Spectral, installed beside the build from the committed lock.
# lint.sh BUILD-DIRECTORY
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$1/openapi-lint

command -v npm >/dev/null || { echo "npm is missing: install Debian's npm package" >&2; exit 1; }
mkdir -p "$work"
if ! cmp -s "$here/package-lock.json" "$work/package-lock.json" || [ ! -e "$work/installed" ]; then
  rm -f "$work/installed"
  cp "$here/package.json" "$here/package-lock.json" "$work/"
  npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund --loglevel=error
  touch "$work/installed"
fi
"$work/node_modules/.bin/spectral" lint --fail-severity=hint -r "$here/spectral.yaml" \
  "$here/../../api-worker/openapi.json"
