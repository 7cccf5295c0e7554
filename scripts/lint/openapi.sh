#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks api-worker/openapi.json with Spectral; warnings are errors. The linter comes from npm, in the
# versions of tests/openapi/package-lock.json, into build/openapi-lint.
set -euo pipefail
tests=tests/openapi
work=build/openapi-lint

command -v npm >/dev/null || { echo "npm is missing: apt-get install npm" >&2; exit 1; }
if ! cmp -s "$tests/package-lock.json" "$work/installed"; then
  rm -rf "$work"
  mkdir -p "$work"
  cp "$tests/package.json" "$tests/package-lock.json" "$work/"
  npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund --loglevel=error
  cp "$tests/package-lock.json" "$work/installed"
fi
"$work/node_modules/.bin/spectral" lint --fail-severity=hint -r "$tests/spectral.yaml" \
  api-worker/openapi.json
