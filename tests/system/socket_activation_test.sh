#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# With holdfast.socket, `systemctl restart holdfast` and `systemctl reload holdfast` refuse and fail
# no request. Usage: socket_activation_test.sh BIN_DIR
# shellcheck source=tests/system/booted.sh
. "$(dirname "${BASH_SOURCE[0]}")/booted.sh"

boot "$1"
inside sh -c 'printf "[log]\nlevel = \"info\"\n" > /etc/holdfast/holdfast.toml'
inside systemctl start holdfast.socket || fail "the socket unit does not start"
[ "$(inside systemctl is-active holdfast.service)" = inactive ] || fail "the service runs already"
inside curl -sf --max-time 60 http://127.0.0.1:3000/health >/dev/null || fail "activation by a request"
# The first worker has answered; systemd is notified once all are ready.
for _ in $(seq 300); do
  [ "$(inside systemctl is-active holdfast.service)" = active ] && break
  sleep 0.1
done
[ "$(inside systemctl is-active holdfast.service)" = active ] || fail "the service is not active"
inside systemctl show -p StatusText holdfast | grep -q ready || fail "no STATUS= text"

# Sends requests, each on its own connection, until the file is gone; prints one line for each.
inside sh -c 'touch /run/go; while [ -e /run/go ]; do
  curl -s -o /dev/null --max-time 30 -w "%{http_code} %{exitcode}\n" http://127.0.0.1:3000/health
done > /run/answers' &
client=$!
answered() { inside sh -c 'cat /run/answers 2>/dev/null | wc -l'; }
more_than() { for _ in $(seq 300); do [ "$(answered)" -gt "$1" ] && return; sleep 0.1; done; fail "no answers any more"; }

more_than 20
for _ in 1 2 3; do
  inside systemctl restart holdfast || fail "systemctl restart"
  more_than $(($(answered) + 20))
done
inside sh -c 'printf "[log]\nlevel = \"debug\"\n" > /etc/holdfast/holdfast.toml'
inside systemctl reload holdfast || fail "systemctl reload"
more_than $(($(answered) + 20))
inside sh -c 'printf "[log]\nlevle = 1\n" > /etc/holdfast/holdfast.toml'
inside systemctl reload holdfast 2>/dev/null && fail "a reload of a wrong file was accepted"
# The journal knows how bad a line is, and has taken the prefix that says so away.
errors() { inside journalctl --no-pager -o cat -p err -u holdfast; }
for _ in $(seq 100); do errors | grep -q 'new configuration was refused' && break; sleep 0.1; done
errors | grep -q '^{.*"level":"error".*new configuration was refused' || fail "the journal has no error"
errors | grep -q '"level":"info"' && fail "the journal takes information for an error"
more_than $(($(answered) + 20))
inside sh -c 'printf "[log]\nlevel = \"info\"\n" > /etc/holdfast/holdfast.toml'
inside rm /run/go
wait "$client"
bad=$(inside sh -c 'grep -vc "^200 0$" /run/answers' || true)
[ "$bad" = 0 ] || { inside sh -c 'sort /run/answers | uniq -c' >&2; fail "$bad requests failed"; }

# No process survives the supervisor, and systemd restarts it.
before=$(inside systemctl show -p MainPID --value holdfast)
inside sh -c "kill -9 $before"
for _ in $(seq 300); do
  after=$(inside systemctl show -p MainPID --value holdfast)
  [ "$after" != "$before" ] && [ "$after" != 0 ] &&
    inside curl -sf --max-time 30 http://127.0.0.1:3000/ready >/dev/null && break
  sleep 0.1
done
[ "$(inside systemctl is-active holdfast.service)" = active ] || fail "not restarted after kill -9"
[ "$(inside sh -c 'cat /proc/[0-9]*/comm 2>/dev/null | grep -c ^holdfast-api')" = 2 ] || fail "API workers of the dead supervisor are left"
inside systemctl stop holdfast.socket holdfast.service || fail "systemctl stop"
[ "$(inside systemctl show -p Result --value holdfast)" = success ] || fail "the stop was not clean"
echo "$(inside sh -c 'wc -l < /run/answers') requests over 3 restarts and 2 reloads, none failed"
