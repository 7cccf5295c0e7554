#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# With the unit's Delegate=yes each worker has a cgroup of its own: what it forks ends with it, and
# its limits are enforced where the kernel has the controllers. Usage: cgroups_test.sh BIN_DIR
# shellcheck source=tests/system/booted.sh
. "$(dirname "${BASH_SOURCE[0]}")/booted.sh"

boot "$1"
inside sh -c 'cat > /etc/holdfast/holdfast.toml' <<'TOML'
[program.daemon]
command = ["/bin/sh", "-c", "(env -i setsid sleep 600 &) ; exec sleep 600"]
ready = "started"
pids_max = 20

[program.hog]
command = ["/bin/sh", "-c", "x=$(head -c 200000000 /dev/zero | tr '\\0' a); sleep 600"]
ready = "started"
required = false
memory_max = "40MiB"
TOML
inside systemctl start holdfast.service || fail "the service does not start"
status() { inside holdfast status --json; }
grep -q '"delegated":true' <<<"$(status)" || { status >&2; fail "no cgroup was delegated"; }
group=$(inside sh -c "grep '^0::' /proc/\$(systemctl show -p MainPID --value holdfast)/cgroup")
case $group in
  *.service/holdfast.supervisor) ;;
  *) fail "the supervisor is in $group" ;;
esac
[ "$(inside systemctl is-active holdfast.service)" = active ] || fail "systemd has lost the service"

sleepers() { inside sh -c 'cat /proc/[0-9]*/comm 2>/dev/null | grep -cx sleep' || true; }
for _ in $(seq 300); do [ "$(sleepers)" -ge 2 ] && break; sleep 0.1; done
inside holdfast stop daemon || fail "stop"
inside holdfast stop hog || fail "stop"
[ "$(sleepers)" = 0 ] || fail "$(sleepers) processes are left after the stop"

if grep -q '"memory"' <<<"$(status)"; then
  inside holdfast start hog --no-wait
  for _ in $(seq 300); do
    grep -q 'killed by the kernel: out of memory' <<<"$(status)" && break
    sleep 0.1
  done
  grep -q 'killed by the kernel: out of memory' <<<"$(status)" || fail "the death is not told from others"
else
  echo "the memory controller is not in the v2 hierarchy here: limits are measured only"
  grep -q '"not_enforced":{.*"hog":\["memory_max"\]' <<<"$(status)" || fail "the status does not say so"
fi
inside systemctl reload holdfast || fail "systemctl reload"
inside systemctl stop holdfast.service || fail "systemctl stop"
[ "$(inside systemctl show -p Result --value holdfast)" = success ] || fail "the stop was not clean"
echo "workers in cgroups of their own"
