#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Debian package on a booted Debian: made, installed, used, mistreated, upgraded under load and
# purged. Usage: package_test.sh BIN_DIR
# shellcheck source=tests/system/booted.sh
. "$(dirname "${BASH_SOURCE[0]}")/booted.sh"
# The proxies and runtimes that the unit and the documents name.
extra_packages=(openssl nodejs nginx-light caddy gunicorn)
bin=$1

until_true() { # WHAT COMMAND...: waits for it, for 30 s
  local what=$1
  shift
  for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
  fail "$what"
}
show() { inside systemctl show -p "$1" --value holdfast.service; }
is_active() { [ "$(inside systemctl is-active holdfast.service)" = active ]; }
answers() { inside curl -sf --max-time 10 http://127.0.0.1:3000/ready; }
serves() {
  until_true "the stack does not answer" answers
  is_active || fail "the service is not active"
}
write_config() { inside sh -c 'cat > /etc/holdfast/holdfast.toml'; }
say() { printf '%s %s\n' "$SECONDS" "$*"; }
documented_run() { # COMMAND...: each is a line of docs/production-deployment.md
  local line
  for line in "$@"; do
    grep -qxF "$line" "$root/docs/production-deployment.md" || fail "not in the docs: $line"
    inside sh -c "$line" || fail "$line"
  done
}
documented_block() { # LINE: the block of docs/production-deployment.md that has it
  awk -v line="$1" '/^```/ { if (inside && found) { printf "%s", text; exit } inside = !inside; text = ""; found = 0; next }
    inside { text = text $0 "\n"; found = found || $0 == line }' "$root/docs/production-deployment.md" | grep . ||
    fail "no block in the docs has the line $1"
}

# --- the package itself ---------------------------------------------------------------------------
copy_tree "$bin"
mkdir "$work/one" "$work/two"
deb=$("$root/packaging/build.sh" "$work/one") || fail "the package is not made"
again=$("$root/packaging/build.sh" "$work/two") || fail "the package is not made twice"
cmp "$deb" "$again" || fail "made twice, the package differs"
lintian --allow-root --fail-on error,warning "$deb" || fail "lintian"
dpkg-deb -x "$deb" "$work/content"
[ "$(dpkg-deb -f "$deb" Recommends)" = ca-certificates ] || fail "the package does not recommend ca-certificates"
find "$work/content/usr/share/man" -name '*.gz' | while read -r page; do
  zcat "$page" | mandoc -T lint -W warning || fail "$page"
done
for page in man1/holdfast.1 man5/holdfast.toml.5 man8/holdfast-api-worker.8 man8/holdfast-queue-worker.8; do
  [ -s "$work/content/usr/share/man/$page.gz" ] || fail "no $page"
done
for command in migrate check backup restore move 'jobs list' 'jobs pause' completion; do
  zcat "$work/content/usr/share/man/man8/holdfast-queue-worker.8.gz" | grep -q "^\.SS .*$command" || fail "the manual lacks $command"
done
for program in holdfast holdfast-queue-worker; do
  for file in bash-completion/completions/$program zsh/vendor-completions/_$program fish/vendor_completions.d/$program.fish; do
    [ -s "$work/content/usr/share/$file" ] || fail "no $file"
  done
done
# What the documents link to is there, and so is each example, but for what a run has left.
python3 - "$work/content/usr/share/doc/holdfast" <<'PYTHON' || fail "the documents of the package"
import pathlib, re, sys
pages = list(pathlib.Path(sys.argv[1]).rglob("*.md"))
assert len(pages) > 100, len(pages)
for page in pages:
    for target in re.findall(r"\]\(([^()\s#]+)(?:#[^()\s]*)?\)", page.read_text()):
        assert re.match("[a-z]+:", target) or (page.parent / target).exists(), f"{page}: {target}"
PYTHON
diff <(cd "$root/examples" && find . \( -name node_modules -o -name __pycache__ -o -name '.?*' \) -prune -o -type f -print | sort) \
  <(cd "$work/content/usr/share/doc/holdfast/examples" && find . -mindepth 2 -type f -print |
    grep -vE '^./(prometheus|grafana)/' | sort) || fail "the examples of the package"
# Comments alone: as it stands, and with every key that has a default taken out of its comment.
config=$work/content/etc/holdfast/holdfast.toml
check() { env -i HOLDFAST_CONFIG="$1" "$bin/holdfast" check-config 2>&1 | sed "s|$1|FILE|g" || true; }
: >"$work/empty.toml"
diff <(check "$work/empty.toml" | grep -v FILE) <(check "$config" | grep -v FILE) || fail "the configuration changes defaults"
awk '/^\[/ { known = 1 } /^#\[/ { known = 0 } known' "$config" | sed -E '/ # unset$/d; s/^#([a-z_]+ = )/\1/' >"$work/all.toml"
[ "$(grep -c '^[a-z_]* = ' "$work/all.toml")" -gt 60 ] || fail "the configuration lacks keys"
diff <(check "$work/empty.toml" | grep -v FILE) <(check "$work/all.toml" | grep -v FILE) || fail "a documented default is none"
python3 - "$work/one/holdfast.spdx.json" "$work/content" <<'PYTHON' || fail "the SBOM"
import hashlib, json, sys
sbom = json.load(open(sys.argv[1]))
ids = {one["SPDXID"] for one in sbom["packages"] + sbom["files"]} | {"SPDXRef-DOCUMENT"}
assert sbom["spdxVersion"] == "SPDX-2.3" and len(sbom["files"]) == 3
names = [one["name"] for one in sbom["packages"]]
assert len(names) == len(set(names)), names
# Linked; loaded when needed, and what that brings; compiled in. Some names go on with a version.
for wanted in ("libc6", "libstdc++6", "libssl3", "libsqlite3-0", "libspdlog1", "libre2-",
               "libpq5", "libldap", "libgssapi-krb5-2",
               "libboost", "libcli11-dev", "libexpected-dev", "libsqlitecpp-dev", "nlohmann-json3-dev"):
    assert any(name.startswith(wanted) for name in names), f"{wanted} is not in it"
assert all({r["spdxElementId"], r["relatedSpdxElement"]} <= ids for r in sbom["relationships"])
for one in sbom["files"]:
    content = open(sys.argv[2] + one["fileName"][1:], "rb").read()
    assert hashlib.sha256(content).hexdigest() == one["checksums"][1]["checksumValue"], one["fileName"]
PYTHON
say "made: $(basename "$deb"), $(stat -c %s "$deb") bytes"

# --- the units ------------------------------------------------------------------------------------
# The score that docs/production-deployment.md states, and no more than the limit (times ten).
exposure() { # LIMIT FILE...
  local limit=$1 unit=$work/unit/holdfast.service
  shift
  mkdir -p "$work/unit"
  sed '/^\[Install\]/,$d' "$root/systemd/holdfast.service" >"$unit"
  for part in "$@"; do grep -v '^\[' "$part" >>"$unit"; done
  systemd-analyze security --offline=true --no-pager --threshold="$limit" "$unit" >"$work/score" || fail "exposure: $(tail -1 "$work/score")"
  grep -o 'level for .*: [0-9.]*' "$work/score" | grep -o '[0-9.]*$'
}
documented() { sed -n "s/^| \`$1\` | \([0-9.]*\) |.*/\1/p" "$root/docs/production-deployment.md"; }
[ "$(exposure 17)" = "$(documented holdfast.service)" ] || fail "the documented exposure of the unit is not $(exposure 17)"
[ "$(exposure 13 "$root/systemd/strict.conf")" = "$(documented strict.conf)" ] || fail "the documented exposure of strict.conf"

# The page explains each line of it, but for what is run and as whom.
sed -n '/^\[Service\]/,/^\[Install\]/s/^\([A-Za-z]*\)=.*/\1/p' "$root/systemd/holdfast.service" | sort -u |
  grep -vxE 'ExecStart|ExecReload|User|Group' | while read -r key; do
  grep -q "\`${key}[\`=]" "$root/docs/production-deployment.md" || fail "the page of the unit does not explain $key"
done

# --- install --------------------------------------------------------------------------------------
boot_copy
files() {
  inside find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp -o -path /root \
    -o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt \
    -o -path /var/lib/systemd -o -path /var/lib/nginx -o -name '*-' \) -prune -o -print | sort
}
files >"$work/before"
cp "$deb" "$work/tree/root/"
grep -qxF "apt install ./$(basename "$deb")" "$root/docs/production-deployment.md" || fail "the docs install another package"
inside apt-get install -y -qq "/root/$(basename "$deb")" >"$work/install.log" 2>&1 ||
  { cat "$work/install.log" >&2; fail "apt-get install"; }
# Their manual pages are checked above; man(1) itself is not there.
inside systemd-analyze verify --man=no holdfast.service holdfast.socket || fail "systemd-analyze verify"
serves
documented_run "holdfast status" "holdfast check-config" "systemctl reload holdfast" >"$work/answers"
[ "$(inside systemctl is-enabled holdfast.service)" = enabled ] || fail "not enabled"
[ "$(inside stat -c '%U %a' /var/lib/holdfast)" = "holdfast 750" ] || fail "the state directory"
[ "$(inside stat -c '%U %a' /etc/holdfast/credentials)" = "root 700" ] || fail "the credentials directory"
say "installed and serving"

# --- use ------------------------------------------------------------------------------------------
post() {
  inside curl -sf -H 'Content-Type: text/plain' --data-binary "@/usr/share/common-licenses/Apache-2.0" \
    "http://127.0.0.1:3000/api/documents?title=$1"
}
found() { inside curl -sf 'http://127.0.0.1:3000/api/search?q=patent+litigation+terminates&k=1' | grep -q '"title":"'; }
post Apache-2.0 >/dev/null || fail "post"
until_true "the document is not found" found

# The lines of docs/production-features.md, as they are. In production the file admits this host first.
write_config <<'TOML'
[http]
metrics_allow = ["127.0.0.0/8", "::1"]
TOML
inside systemctl reload holdfast || fail "reload"
# shellcheck disable=SC2016
mapfile -t lines < <(sed -n '/^```bash$/,/^```$/p' "$root/docs/production-features.md" | grep -E '^(curl|for) ')
[ ${#lines[@]} = 4 ] || fail "docs/production-features.md has ${#lines[@]} of the four lines"
ask() { inside bash -c "$1" 2>/dev/null; }
ask "${lines[0]}" | grep -q '^http_requests_total{' || fail "${lines[0]}"
ask "${lines[1]}" | grep -q '"status":"ok"' || fail "${lines[1]}"
ask "${lines[2]}" | grep -q '^{"status":"pass","checks":{"database":{"status":"pass"},"redis":{"status":"unused"},"embedding":{"status":"unused"},"queue":{"status":"pass"}}}' || fail "${lines[2]}"
detail="curl 'http://localhost:3000/ready?verbose'"
grep -qF "$detail" "$root/docs/production-features.md" || fail "$detail is not in the docs"
ask "$detail" | grep -q '"database":{"status":"pass","reached_by":' || fail "$detail"
ask "${lines[3]}" | grep -q '"status":429' || fail "${lines[3]}: none of the requests was refused"
say "the lines of docs/production-features.md"

# --- trouble --------------------------------------------------------------------------------------
worker=$(inside sh -c "pgrep -f '^[^ ]*holdfast-queue-worker' | head -1")
inside kill -9 "$worker"
restarted() { inside curl -sf http://127.0.0.1:9900/metrics | grep -q '^holdfast_worker_restarts_total{.*queue-worker.* [1-9]'; }
until_true "the killed worker is not counted" restarted
serves
echo 'levle = 1' | write_config
inside holdfast reload 2>"$work/error" && fail "holdfast reload takes a wrong file"
grep -q "levle" "$work/error" || fail "holdfast reload does not say what is wrong: $(cat "$work/error")"
inside systemctl reload holdfast 2>/dev/null && fail "systemctl reload takes a wrong file"
serves
printf '[log]\nlevel = "info"\n' | write_config
inside systemctl reload holdfast || fail "reload of a right file"

changed_pid() { [ "$(show MainPID)" != "$before" ] && [ "$(show MainPID)" != 0 ] && answers; }
before=$(show MainPID)
inside kill -9 "$before"
until_true "not restarted after kill -9" changed_pid
serves
inside mkdir -p /etc/systemd/system/holdfast.service.d
inside sh -c 'printf "[Service]\nWatchdogSec=2s\n" > /etc/systemd/system/holdfast.service.d/watchdog.conf'
inside systemctl daemon-reload
inside systemctl restart holdfast || fail "restart"
before=$(show MainPID)
inside kill -STOP "$before"
until_true "a stopped supervisor is not restarted by the watchdog" changed_pid
inside journalctl -o cat --no-pager -u holdfast | grep -q "Failed with result 'watchdog'" || fail "no watchdog result"
inside rm /etc/systemd/system/holdfast.service.d/watchdog.conf
serves
say "killed, stopped, misconfigured: serving"

# --- what the unit has to run, and the two drop-ins -----------------------------------------------
inside mkdir -p /srv/site/examples /etc/holdfast/credentials
cp -a "$root/examples/web-stack" "$work/tree/srv/site/examples/"
cp -a "$root/examples/web-stack/holdfast.toml" "$work/tree/etc/holdfast/holdfast.toml"
cat >>"$work/tree/etc/holdfast/holdfast.toml" <<'TOML'

[program.interfaces]
command = ["node", "-e", "console.log(Object.keys(require('os').networkInterfaces()).join())"]
type = "oneshot"
environment = { NODE_OPTIONS = "--max-old-space-size=64" }

[program.gunicorn]
command = ["gunicorn", "--bind", "unix:/run/holdfast/site.sock", "--chdir", "/srv/site", "wsgi:app"]
ready = "unix:/run/holdfast/site.sock:/"
TOML
printf 'def app(environ, start):\n    start("200 OK", [])\n    return [b"ok"]\n' >"$work/tree/srv/site/wsgi.py"
inside sh -c 'printf "[Service]\nWorkingDirectory=/srv/site\n" > /etc/systemd/system/holdfast.service.d/site.conf'
inside systemctl daemon-reload
inside systemctl restart holdfast || fail "the stack of examples/web-stack does not start under the unit"
inside curl -sf http://127.0.0.1:8080/hello | grep -q hello || fail "nginx and Node.js"
inside curl -sf http://127.0.0.1:8080/health | grep -q ok || fail "nginx and an API worker"
inside holdfast status --json | grep -q '"name":"gunicorn.0"' || fail "gunicorn"
inside rm /etc/systemd/system/holdfast.service.d/site.conf

cat >"$work/tree/srv/receiver.py" <<'PYTHON'
import http.server
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        open("/srv/received", "ab").write(self.rfile.read(int(self.headers["Content-Length"])) + b"\n")
        self.send_response(200), self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8099), Receiver).serve_forever()
PYTHON
inside systemd-run -q --unit=receiver python3 /srv/receiver.py
documented_block 'MemoryMax=2G' | inside sh -c 'cat > /etc/systemd/system/holdfast.service.d/host.conf'
for part in strict credentials; do
  documented_run "install -D -m 644 /usr/share/doc/holdfast/examples/$part.conf /etc/systemd/system/holdfast.service.d/$part.conf"
done
inside sh -c 'umask 077; cd /etc/holdfast/credentials
  echo "sqlite:////var/lib/holdfast/holdfast.db" > database-url; echo http://127.0.0.1:8099/hook > alert-webhook-url'
: | write_config
documented_run "systemctl daemon-reload" "systemctl restart holdfast"
serves
[ "$(show MemoryMax)" = $((2 << 30)) ] || fail "the drop-in of the docs: MemoryMax is $(show MemoryMax)"
show IPAddressAllow | grep -q 10.0.0.0/8 || fail "the drop-in of the docs: IPAddressAllow is $(show IPAddressAllow)"
post again >/dev/null || fail "post under strict.conf"
until_true "not found under strict.conf" found
inside holdfast alert test >"$work/alert" 2>&1 || { cat "$work/alert" >&2; fail "alert test under strict.conf"; }
until_true "no alert has arrived" grep -q HoldfastTest "$work/tree/srv/received"
live=$(inside systemd-analyze security holdfast.service --no-pager --threshold=13 | tail -1) || fail "live exposure: $live"
inside systemctl stop receiver
inside rm -r /etc/systemd/system/holdfast.service.d
say "web-stack, gunicorn, strict.conf and credentials.conf"

# --- TLS in front, backup and restore, by the documents -------------------------------------------
tls=/usr/share/doc/holdfast/examples/tls
inside sh -c "mkdir -p /etc/ssl/holdfast; cp $tls/nginx.conf /etc/nginx/conf.d/holdfast.conf; cp $tls/Caddyfile /srv/Caddyfile
  openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout /etc/ssl/holdfast/site.key \
    -out /etc/ssl/holdfast/site.crt 2>/dev/null"
documented_block 'trusted_proxies = ["127.0.0.1"]' | write_config
inside systemctl daemon-reload
inside systemctl restart holdfast || fail "the stack behind a proxy does not start"
inside systemctl start nginx || fail "nginx refuses examples/tls/nginx.conf"
over_tls() { inside curl -skf --max-time 10 "https://localhost$1/api/documents?limit=1" | grep -q '"documents":\['; }
over_tls "" || fail "nginx does not reach the stack"
inside caddy validate --adapter caddyfile --config /srv/Caddyfile >"$work/caddy" 2>&1 || { cat "$work/caddy" >&2; fail "the Caddyfile"; }
inside systemctl stop nginx
# With an authority of its own, which it must not make the machine's.
inside sed -i -e '1i {\n\tskip_install_trust\n}' -e 's|^api.example.org {|https://localhost:8443 {\n\ttls internal|' /srv/Caddyfile
inside systemd-run -q --unit=caddy-test -E HOME=/root -E XDG_DATA_HOME=/root caddy run --adapter caddyfile --config /srv/Caddyfile
reached=
for _ in $(seq 100); do over_tls :8443 && { reached=1; break; }; sleep 0.1; done
[ -n "$reached" ] || { inside journalctl --no-pager -o cat -u caddy-test >&2; fail "Caddy does not reach the stack"; }
inside systemctl stop caddy-test
inside rm -rf /etc/ssl/holdfast /etc/nginx/conf.d/holdfast.conf /srv/Caddyfile
: | write_config
documented_run "runuser -u holdfast -- holdfast-queue-worker backup /var/lib/holdfast/backup.db"
# shellcheck disable=SC2016
inside sh -c 'curl -sf "http://127.0.0.1:3000/api/documents?limit=100" | grep -o "\"id\":\"[^\"]*" | cut -c7- |
  while read -r id; do curl -sf -X DELETE "http://127.0.0.1:3000/api/documents/$id"; done'
found && fail "the documents are not deleted"
documented_run "systemctl stop holdfast.socket holdfast.service" \
  "runuser -u holdfast -- holdfast-queue-worker restore /var/lib/holdfast/backup.db" \
  "systemctl start holdfast.service"
until_true "the restored documents are not found" found
inside runuser -u holdfast -- holdfast-queue-worker check | grep -qF /var/lib/holdfast/holdfast.db || fail "check of the restored database"
inside sh -c 'rm /var/lib/holdfast/backup.db /var/lib/holdfast/holdfast.db.replaced-*'
{
  printf '[program.%s]\ncommand = [%s]\n%s\n' \
    migrate '"holdfast-queue-worker", "migrate"' 'type = "oneshot"' \
    queue-worker '"holdfast-queue-worker"' 'after = ["migrate"]' \
    api-worker '"holdfast-api-worker"' $'after = ["migrate"]\nsockets = ["http"]'
  documented_block '[program.backup]'
} | write_config
inside systemctl reload holdfast || fail "reload with the nightly backup"
inside holdfast start backup || fail "the nightly backup"
inside test -s /var/lib/holdfast/backup.db || fail "the nightly backup has left nothing"
: | write_config
inside systemctl reload holdfast || fail "reload"
say "nginx and Caddy in front; backup and restore"

# --- stop with a drain ----------------------------------------------------------------------------
inside systemctl daemon-reload
inside systemctl restart holdfast
serves
cat >"$work/tree/srv/slow.py" <<'PYTHON'
# A request whose body ends only after the stop has begun.
import socket, subprocess, time
c = socket.create_connection(("127.0.0.1", 3000))
c.sendall(b"POST /api/documents?title=slow HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nhalf")
subprocess.run(["systemctl", "stop", "--no-block", "holdfast"], check=True)
while subprocess.run(["systemctl", "is-active", "-q", "holdfast"]).returncode == 0:
    time.sleep(0.05)
c.sendall(b"rest")
print(c.makefile().readline().strip())
PYTHON
begin=$SECONDS
inside python3 /srv/slow.py | grep -q ' 202 ' || fail "the request in flight was not answered"
stopped() { [ "$(show ActiveState)" = inactive ]; }
until_true "not stopped" stopped
[ $((SECONDS - begin)) -le 45 ] || fail "the stop took $((SECONDS - begin)) s"
[ "$(show Result)" = success ] || fail "the stop was not clean: $(show Result)"
say "stopped after the request in flight"

# --- upgrade under load ---------------------------------------------------------------------------
printf '[log]\nlevel = "debug"\n' | write_config
inside systemctl start holdfast || fail "start"
serves
documented_run "systemctl stop holdfast" "systemctl enable --now holdfast.socket" "systemctl start holdfast"
serves
holds() { inside systemctl show -p Listen --value holdfast.socket | grep -qF "$1" && [ "$(inside systemctl is-active holdfast.socket)" = active ]; }
holds 0.0.0.0:3000 || fail "systemd does not hold the socket"
# Another address, in the file and in the drop-in.
inside mkdir -p /etc/systemd/system/holdfast.socket.d
documented_block 'ListenStream=127.0.0.1:3000' | inside sh -c 'cat > /etc/systemd/system/holdfast.socket.d/override.conf'
{ documented_block 'trusted_proxies = ["127.0.0.1"]'; printf '[log]\nlevel = "debug"\n'; } | write_config
documented_run "systemctl daemon-reload"
inside systemctl stop holdfast.socket holdfast.service
inside systemctl start holdfast.socket holdfast.service || fail "start at another address"
serves
holds 127.0.0.1:3000 || fail "systemd does not hold the other socket"
make_next_package "$deb" "$work/tree/root/next.deb"
inside sh -c 'touch /run/go; while [ -e /run/go ]; do
  curl -s -o /dev/null --max-time 30 -w "%{http_code} %{exitcode}\n" http://127.0.0.1:3000/health
done > /run/answers' &
client=$!
before=$(show MainPID)
inside dpkg --force-confold -i /root/next.deb >"$work/upgrade.log" 2>&1 || { cat "$work/upgrade.log" >&2; fail "upgrade"; }
until_true "the upgrade has not restarted the stack" changed_pid
inside rm /run/go
wait "$client"
[ "$(inside sh -c 'grep -vc "^200 0$" /run/answers' || true)" = 0 ] || { inside sh -c 'sort /run/answers | uniq -c' >&2; fail "requests failed in the upgrade"; }
inside grep -q debug /etc/holdfast/holdfast.toml || fail "the upgrade has replaced the configuration"
inside dpkg -s holdfast | grep -q '^Version: .*+next' || fail "not upgraded"
until_true "the documents are gone" found
line="apt install --allow-downgrades ./$(basename "$deb")"
grep -qxF "$line" "$root/docs/production-deployment.md" || fail "not in the docs: $line"
before=$(show MainPID)
inside sh -c "cd /root && DEBIAN_FRONTEND=noninteractive ${line/install/install -y -o Dpkg::Options::=--force-confold}" \
  >"$work/downgrade.log" 2>&1 || { cat "$work/downgrade.log" >&2; fail "the way back"; }
inside dpkg -s holdfast | grep -q '^Version: .*+next' && fail "still the next version"
until_true "the way back has not restarted the stack" changed_pid
until_true "the documents are gone on the way back" found
say "upgraded and back, $(inside sh -c 'wc -l < /run/answers') requests, none failed"

# --- remove and purge -----------------------------------------------------------------------------
inside dpkg -r holdfast >/dev/null 2>&1 || fail "remove"
inside test -e /etc/holdfast/holdfast.toml -a -d /var/lib/holdfast || fail "remove has taken more than the programs"
inside pgrep holdfast && fail "removed, and still running"
inside gpasswd -a nobody holdfast >/dev/null || fail "an administrator joins the group"
inside dpkg -P holdfast >/dev/null 2>&1 || fail "purge"
inside getent passwd holdfast && fail "purged, and the account is left"
inside getent group holdfast && fail "purged, and the group is left"
inside rm -rf /srv/site /srv/receiver.py /srv/received /srv/slow.py /etc/systemd/system/holdfast.socket.d
diff "$work/before" <(files) || fail "the purge has left something"
say "purged: nothing is left"
