#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The table of languages in docs/your-own-programs.md: READY=1, STATUS= and LISTEN_FDS by the package
# that Debian has for each, on a booted Debian. Usage: languages_test.sh BIN_DIR
# shellcheck source=tests/system/booted.sh
. "$(dirname "${BASH_SOURCE[0]}")/booted.sh"
extra_packages=(gcc libc6-dev libsystemd-dev golang-go golang-github-coreos-go-systemd-dev cargo
  librust-sd-notify-dev librust-listenfd-dev python3-sdnotify python3-systemd ruby ruby-sd-notify puma
  default-jdk-headless libjna-java haproxy)

boot "$1"
site=$work/tree/srv/languages
cp -r "$root/tests/system/languages" "$site"
# On a busy machine ten programs at a time take a while.
sed 's/^command = .*/&\nready_timeout = "10m"/' "$site/holdfast.toml" >"$work/tree/etc/holdfast/holdfast.toml"
mkdir "$work/tree/etc/systemd/system/holdfast.service.d"
printf '[Service]\nTimeoutStartSec=10min\n' >"$work/tree/etc/systemd/system/holdfast.service.d/busy.conf"
inside systemctl daemon-reload
make_it() { inside sh -c "cd /srv/languages && export HOME=/root && $1" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$1"; }; }
make_it 'gcc hello.c -o hello-c -lsystemd'
make_it 'GOFLAGS=-mod=mod GOPROXY=off go build -o hello-go hello.go'
make_it 'cd rust && cargo build --offline && cp target/debug/hello ../hello-rust'
make_it 'javac -cp /usr/share/java/jna.jar Hello.java'

status() { inside holdfast status --json; }
inside systemctl start holdfast.service || { status >&2 || true; fail "not every program has said that it is ready"; }
expected=$(printf '%s\n' 'c by libsystemd' 'go by go-systemd' 'java by JNA' 'ruby by sd_notify' 'rust by sd-notify' \
  'sdnotify by sdnotify' 'shell by holdfast notify' 'systemd by python3-systemd')
said() { status | jq -r '.programs[] | .name as $name | .workers[] | select((.status // "") | startswith("by ")) | "\($name) \(.status)"' | sort; }
[ "$(said)" = "$expected" ] || { status >&2 || true; fail "said: $(said)"; }

answer() { inside bash -c "exec 3<>/dev/tcp/127.0.0.1/$1; head -n 1 <&3"; }
port=7000
for word in C Go Rust sdnotify systemd Ruby; do
  port=$((port + 1))
  [ "$(answer "$port")" = "$word" ] || fail "$word does not answer on $port"
done
for word in puma HAProxy; do
  port=$((port + 1))
  [ "$(inside curl -sf "http://127.0.0.1:$port/")" = "$word" ] || fail "$word does not answer on $port"
done
[ "$(answer 7009)" = Java ] || fail "Java does not answer"

# Their successors have the same sockets.
inside holdfast restart c go rust sdnotify systemd ruby puma haproxy || fail "restart"
[ "$(answer 7001)" = C ] || fail "C does not answer after a restart"
[ "$(inside curl -sf http://127.0.0.1:7008/)" = HAProxy ] || fail "HAProxy does not answer after a restart"
inside systemctl stop holdfast.service || fail "stop"
[ "$(inside systemctl show -p Result --value holdfast)" = success ] || fail "the stop was not clean"
echo "$(wc -l <<<"$expected") programs, puma and HAProxy say that they are ready, and serve the sockets that they were handed"
