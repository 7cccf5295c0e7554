#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The image `holdfast-supervisor` in images of other people: examples/container-node, and one without any C
# library. Usage: supervisor_image_test.sh BIN_DIR
# shellcheck source=tests/docker/engine.sh
. "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

start_engine
base_image bookworm debian:12-slim
image node:20-slim node
image holdfast-test-without-glibc without-glibc
holdfast_images "$1"

name=hf-shop-$$
explain() { docker logs --tail 40 "$name"; }
clean_up_test() { docker rm -fv "$name" "$name-2" >/dev/null 2>&1; }
holdfast() { docker exec "$name" holdfast "$@"; }

docker build -q -t holdfast-test-shop "$root/examples/container-node" >"$work/build.log" 2>&1 ||
  { tail -20 "$work/build.log" >&2; fail "build examples/container-node"; }
docker run -d --name "$name" --stop-timeout 25 -p 127.0.0.1:0:3000 --cap-drop ALL \
  --security-opt no-new-privileges holdfast-test-shop >/dev/null
is_healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$name")" = healthy ]; }
wait_for "healthy" is_healthy
api=http://$(docker port "$name" 3000/tcp)

# --- An order goes through both programs.
order=$(curl -fsS -X POST "$api/orders" | jq -r .id)
is_packed() { curl -fsS "$api/orders/$order" | has packed; }
wait_for "packed" is_packed

# --- What nobody waits for is reaped by process 1.
docker exec "$name" node -e 'require("child_process").spawn("node", ["-e", ""], { detached: true }).unref()'
pid=$(docker inspect -f '{{.State.Pid}}' "$name")
no_zombies() { ! pgrep -P "$pid" -r Z; }
wait_for "without zombies" no_zombies

# --- A restart under load loses nothing.
touch "$work/load"
( # A new connection for each request, and one that is kept for twenty.
  mapfile -t twenty < <(for _ in {1..20}; do printf '%s\n' -o /dev/null "$api/ready"; done)
  while [ -e "$work/load" ]; do
    curl -fsS -o /dev/null "$api/ready" || echo failed
    curl -fsS "${twenty[@]}" || echo "failed on a kept connection"
  done >"$work/failed" 2>&1
) &
load=$!
holdfast restart api || fail "restart"
rm "$work/load"
wait "$load"
[ ! -s "$work/failed" ] || fail "requests failed: $(sort "$work/failed" | uniq -c)"

# --- kill -9 of the worker: it is back.
kill -9 "$(docker top "$name" -eo pid,args | awk '/worker.js/ { print $1; exit }')"
is_back() { holdfast status --json | jq -e '.programs[].workers[] | select(.name == "worker.0") | .restarts == 1 and .state == "ready"'; }
wait_for "back" is_back

# --- Stop: the API, then the worker, exit code 0.
docker stop "$name" >/dev/null
[ "$(docker inspect -f '{{.State.ExitCode}}' "$name")" = 0 ] || fail "exit code"
docker logs "$name" 2>&1 | has 'worker has stopped' || fail "the worker was not let finish"
say "a Node.js API and its worker hold in one container"

# --- An image with another C library, or none, and without certificates.
certificates=$(grep -xE 'COPY --from=holdfast /etc/ssl/.*|ENV SSL_CERT_FILE=.*' "$root/docs/docker.md")
[ "$(wc -l <<<"$certificates")" = 2 ] || fail "docs/docker.md has no lines for certificates"
cat >"$work/Dockerfile" <<DOCKERFILE
FROM holdfast-supervisor AS holdfast
FROM holdfast-test-without-glibc
COPY --from=holdfast /opt/holdfast /opt/holdfast
$certificates
ENTRYPOINT ["/opt/holdfast/bin/holdfast"]
DOCKERFILE
mkdir "$work/empty"
docker build -q -t holdfast-test-musl -f "$work/Dockerfile" "$work/empty" >/dev/null 2>"$work/build.log" || fail "build: $(cat "$work/build.log")"
docker cp "$(docker create --name "$name-2" holdfast-test-musl)":/etc/ssl/certs/ca-certificates.crt "$work/authorities" ||
  fail "no certificates"
docker rm "$name-2" >/dev/null
grep -q 'BEGIN CERTIFICATE' "$work/authorities" || fail "the image's certificates are none"
docker run --rm holdfast-test-musl version | has '^holdfast ' || fail "it does not run without glibc"
mkdir "$work/etc"
printf '[program.echo]\ncommand = ["/bin/sh", "-c", "echo from busybox"]\ntype = "oneshot"\n' \
  >"$work/etc/holdfast.toml"
docker run -d --name "$name-2" -v "$work/etc:/etc/holdfast:ro" holdfast-test-musl run >/dev/null
says_hello() { docker logs "$name-2" 2>&1 | has 'from busybox'; }
wait_for "heard of" says_hello
docker rm -fv "$name-2" >/dev/null
say "it runs where there is no glibc"
echo "the supervisor's image holds"
