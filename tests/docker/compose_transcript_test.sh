#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/compose-transcript.md on a Docker engine: its commands do what it says. With --record its page
# gets what they print. Usage: compose_transcript_test.sh BIN_DIR [--record]
# shellcheck source=tests/docker/compose.sh
. "$(dirname "${BASH_SOURCE[0]}")/compose.sh"

compose_images "$1"
make_site
export COMPOSE_PROJECT_NAME=holdfast COMPOSE_PROFILES=
unset FRONT_SUBNET  # as on the page
cp "$root/tests/docker/receiver.py" "$work/site/"
clean_up_test() {
  [ ! -e "$work/site/receiver.pid" ] || kill "$(cat "$work/site/receiver.pid")" 2>/dev/null
  compose down -v --timeout 5 >/dev/null 2>&1
}
# What they print, as it is without our ports.
cat >"$work/type-and-show" <<SHELL
#!/bin/bash
set -o pipefail
"$work/type" "\$1" 2>&1 | sed 's|127.0.0.1:$api_port|127.0.0.1:3000|g; s|127.0.0.1:$prometheus_port|127.0.0.1:9090|g
  s|127.0.0.1:$grafana_port|127.0.0.1:3001|g; s|$receiver_port|8099|g'
SHELL
chmod +x "$work/type-and-show"
python3 "$root/tests/support/transcript.py" "$root/docs/compose-transcript.md" "${@:2}" -- "$work/type-and-show" ||
  fail "docs/compose-transcript.md"
