// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/systemd_unit.hpp"

#include "tests/unit/import/support.hpp"

namespace holdfast::supervisor::importer {

namespace {

using namespace std::chrono_literals;

Imported from_unit(const std::string& text, const std::string& name = "app.service",
                   const std::string& timer_text = "") {
  Stack stack;
  const Source timer{"/etc/systemd/system/app.timer", timer_text};
  const auto result = import_systemd_unit({"/etc/systemd/system/" + name, text},
                                          timer_text.empty() ? nullptr : &timer, stack);
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result);
  return printed(stack);
}

}  // namespace

TEST_CASE("a service unit is taken over") {
  const Imported result = from_unit(R"([Unit]
Description=Queue of the shop
After=network.target postgresql.service
StartLimitBurst=5

[Service]
Type=notify
User=shop
Group=shop
WorkingDirectory=/srv/shop
Environment="RAILS_ENV=production" DB_POOL=25
Environment="GREETING=a b"
EnvironmentFile=/etc/shop.env
EnvironmentFile=-/etc/default/shop
ExecStartPre=/usr/bin/mkdir -p /run/shop
ExecStart=/usr/bin/bundle exec \
  sidekiq -c 25 \
# a comment in between
  --tag "%p on %H"
ExecReload=/bin/kill -HUP $MAINPID
ExecStop=/bin/kill -s QUIT $MAINPID
TimeoutStartSec=1min 30s
TimeoutStopSec=25
WatchdogSec=10
Restart=on-failure
RestartSec=1500ms
KillMode=mixed
UMask=0002
LimitNOFILE=1024:65536
LimitCORE=infinity
LimitMEMLOCK=64M
Nice=5
OOMScoreAdjust=-500
StandardOutput=append:/var/log/shop.log
NoNewPrivileges=true
ProtectSystem=strict
RuntimeDirectory=shop
SuccessExitStatus=143
IOSchedulingClass=idle
MemoryMax=2G
TasksMax=256
MemoryHigh=80%

[Install]
WantedBy=multi-user.target
)",
                                    "shop-queue.service");
  const config::Program& shop = result.program("shop-queue");
  CHECK(shop.command ==
        Words{"/usr/bin/bundle", "exec", "sidekiq", "-c", "25", "--tag", "shop-queue on %H"});
  CHECK(shop.ready == config::ReadyKind::Notify);
  CHECK(shop.user == "shop");
  CHECK(shop.group == "shop");
  CHECK(shop.directory == "/srv/shop");
  CHECK(shop.environment ==
        Variables{{"DB_POOL", "25"}, {"GREETING", "a b"}, {"RAILS_ENV", "production"}});
  CHECK(shop.env_file == "/etc/shop.env");
  CHECK(shop.stop_signal == 3);
  CHECK(shop.ready_timeout == 90s);
  CHECK(shop.stop_timeout == 25s);
  CHECK(shop.watchdog == 10s);
  CHECK(shop.watchdog_required);
  CHECK(shop.rlimits.at("nofile") == config::ResourceLimit{1024, 65536});
  CHECK(shop.restart == config::RestartPolicy::OnFailure);
  CHECK(shop.backoff_base == 1500ms);
  CHECK(shop.stop_scope == config::StopScope::Main);
  CHECK(shop.umask == 2);
  CHECK(result.says(
      "rlimits = { core = \"unlimited\", memlock = \"64MiB\", nofile = \"1024:65536\" }\n"));
  CHECK(shop.nice == 5);
  CHECK(shop.oom_score_adj == -500);
  CHECK(shop.log_file == "/var/log/shop.log");
  for (const char* part :
       {"# Queue of the shop", "# not taken over: ExecStartPre=/usr/bin/mkdir",
        "# not taken over: StartLimitBurst=5", "# not taken over: RuntimeDirectory=shop",
        "# not taken over: IOSchedulingClass=idle", "# not taken over: the unit's sandbox",
        "NoNewPrivileges=true, ProtectSystem=strict", "# not taken over: After=postgresql.service",
        "success_exit_codes = [143]\n", "reload_signal = \"HUP\"\n", "memory_max = \"2GiB\"\n",
        "pids_max = 256\n", "# not taken over: MemoryHigh=80%", "# %H is a specifier of systemd"}) {
    INFO(part);
    CHECK(result.says(part));
  }
}

TEST_CASE("a shell replaces the variables of ExecStart as systemd does") {
  const Imported result = from_unit(
      "[Service]\nEnvironmentFile=/etc/x\nExecStart=-/usr/sbin/nfsd $OPTS ${MODE} a$$b 'c d' "
      "\"e ${F}\"\nType=forking\nRestart=always\nKillMode=process\n");
  const config::Program& app = result.program("app");
  CHECK(app.command ==
        Words{"sh", "-c", "exec /usr/sbin/nfsd $OPTS \"${MODE}\" 'a$b' 'c d' \"e ${F}\""});
  CHECK(app.restart == config::RestartPolicy::Always);
  CHECK(app.stop_scope == config::StopScope::Main);
  CHECK(app.keep_descendants);
  CHECK(result.says("# Type=forking: it must stay in the foreground"));
  CHECK(result.says("# ExecStart began with '-'"));
}

TEST_CASE("only what systemd takes for a variable is one in a command line") {
  const auto command = [](const std::string& line) {
    return from_unit("[Service]\nExecStart=" + line + "\n").program("app").command;
  };
  CHECK(command("/bin/sh -c 'for i in 1 2; do echo \"n=$i ${WHO}\"; done'") ==
        Words{"sh", "-c", R"(exec /bin/sh -c "for i in 1 2; do echo \"n=\$i ${WHO}\"; done")"});
  CHECK(command("/bin/sh -c 'i=7; echo \"n=$$i ${WHO}\"'") ==
        Words{"sh", "-c", R"(exec /bin/sh -c "i=7; echo \"n=\$i ${WHO}\"")"});
  CHECK(command("/bin/sh -c 'a=$$(cmd) `b` $1 $? $@ $$$$ ${X}' $1 $X $X/y") ==
        Words{"sh", "-c",
              R"(exec /bin/sh -c "a=\$(cmd) \`b\` \$1 \$? \$@ \$\$ ${X}" '$1' $X '$X/y')"});
  CHECK(command("/x $${A} a${1}b ${B}") == Words{"sh", "-c", R"(exec /x '${A}' "ab" "${B}")"});
  // Without a variable there is no shell.
  CHECK(command("/bin/sh -c 'echo $1 $i $$i ${' $$X a$X $") ==
        Words{"/bin/sh", "-c", "echo $1 $i $i ${", "$X", "a$X", "$"});
  // ':' says that nothing is replaced.
  CHECK(command(":/x ${A} $A $$A") == Words{"/x", "${A}", "$A", "$$A"});
}

TEST_CASE("a unit without Restart is not restarted, and a oneshot is one") {
  CHECK(from_unit("[Service]\nExecStart=/x\n").program("app").restart ==
        config::RestartPolicy::Never);
  const Imported oneshot = from_unit("[Service]\nType=oneshot\nExecStart=/a\nExecStart=/b c\n");
  CHECK(oneshot.program("app").type == config::ProgramType::Oneshot);
  CHECK(oneshot.program("app").command == Words{"/a"});
  CHECK(oneshot.says("# not taken over: ExecStart=/b c"));
}

TEST_CASE("an instance of a template knows its name, and times may be endless") {
  const Imported result = from_unit(
      "[Service]\nExecStart=/x --name %i --dir %S/%p\nTimeoutStopSec=infinity\nTimeoutSec=2h "
      "30min\n"
      "KillSignal=SIGINT\nRestart=no\n",
      "worker@blue.service");
  const config::Program& worker = result.program("worker-blue");
  CHECK(worker.command == Words{"/x", "--name", "blue", "--dir", "/var/lib/worker"});
  CHECK(worker.stop_signal == 2);
  CHECK(worker.stop_timeout == std::chrono::minutes(150));
  CHECK(result.says("# not taken over: TimeoutStopSec=infinity"));
}

TEST_CASE("a unit that is no service is refused") {
  Stack stack;
  const auto result =
      import_systemd_unit({"/x/a.timer", "[Timer]\nOnCalendar=daily\n"}, nullptr, stack);
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "there is no [Service]: it is no service unit");
}

TEST_CASE("a timer becomes the schedule of its service") {
  const Imported result =
      from_unit("[Service]\nExecStart=/usr/bin/backup\n", "app.service",
                "[Timer]\nOnCalendar=Mon..Fri *-*-* 03:30:00 Europe/Berlin\nOnCalendar=Sun 04:00\n"
                "RandomizedDelaySec=10min\nPersistent=true\nAccuracySec=1us\nWakeSystem=true\n");
  const config::Program& app = result.program("app");
  CHECK(app.type == config::ProgramType::Oneshot);
  CHECK(app.schedule == "30 3 * * mon-fri");
  CHECK(app.timezone == "Europe/Berlin");
  CHECK(app.jitter == 10min);
  CHECK(app.catch_up);
  CHECK_FALSE(app.run_at_start);
  CHECK(result.says("# not taken over: OnCalendar=Sun 04:00: one schedule per program"));
  CHECK(result.says("# not taken over: WakeSystem=true"));
  CHECK(result.says("# Type=simple: what runs at times is a oneshot"));
}

TEST_CASE("a timer that counts from run to run becomes an interval") {
  const Imported result =
      from_unit("[Service]\nType=oneshot\nExecStart=/usr/bin/poll\n", "app.service",
                "[Timer]\nOnBootSec=10\nOnUnitActiveSec=15min\n");
  const config::Program& app = result.program("app");
  CHECK(app.every == 15min);
  CHECK(app.run_at_start);
  CHECK_FALSE(app.catch_up);
}

TEST_CASE("a timer whose times cron cannot express is told of, and the rest is taken over") {
  const Imported result = from_unit("[Service]\nType=oneshot\nExecStart=/usr/bin/x\n",
                                    "app.service", "[Timer]\nOnCalendar=*-*~01\n");
  CHECK(result.program("app").schedule.empty());
  CHECK(result.says("# not taken over: OnCalendar=*-*~01: a cron expression does not count"));
  CHECK(result.says("# not taken over: the timer"));
}

TEST_CASE("a time that cannot be read is told of") {
  const Imported result = from_unit(
      "[Service]\nType=notify\nExecStart=/x\nWatchdogSec=1x\nTimeoutStartSec=2x\nRestartSec=3x\n"
      "TimeoutAbortSec=4x\nRestartMaxDelaySec=5x\n",
      "app.service",
      "[Timer]\nOnBootSec=6x\nOnUnitActiveSec=7x\nOnUnitInactiveSec=1 week\n"
      "RandomizedDelaySec=8x\n");
  for (const char* what :
       {"WatchdogSec=1x", "TimeoutStartSec=2x", "RestartSec=3x", "TimeoutAbortSec=4x",
        "RestartMaxDelaySec=5x", "OnBootSec=6x", "OnUnitActiveSec=7x", "RandomizedDelaySec=8x"}) {
    INFO(what);
    CHECK(result.says(fmt::format("# not taken over: {}: it is no time that can be read", what)));
  }
  CHECK(result.program("app").every == std::chrono::hours(168));
}

TEST_CASE("a watchdog, its abort time, limits and delays of a unit") {
  const Imported result = from_unit(
      "[Service]\nType=notify-reload\nNotifyAccess=exec\nExecStart=/x\nWatchdogSec=1min\n"
      "TimeoutAbortSec=20\nRestartSec=1\nRestartMaxDelaySec=5min\nLimitNOFILE=infinity\n"
      "LimitNPROC=512:infinity\nLimitSTACK=8M:64M\nLimitAS=x\n");
  const config::Program& app = result.program("app");
  CHECK(app.watchdog == 1min);
  CHECK(app.watchdog_grace == 20s);
  CHECK(app.backoff_cap == 5min);
  CHECK(app.notify_access == config::NotifyAccess::All);
  CHECK(result.says("nofile = \"unlimited\""));
  CHECK(result.says("nproc = \"512:unlimited\""));
  CHECK(result.says("stack = \"8MiB:64MiB\""));
  CHECK(result.says("# not taken over: LimitAS=x"));
  const Imported simple = from_unit("[Service]\nExecStart=/x\nWatchdogSec=30\n");
  CHECK(simple.program("app").watchdog == 0s);
  CHECK(simple.says("# not taken over: WatchdogSec=30: only a program that sends READY=1"));
}

TEST_CASE("a unit's command line is split as systemd splits it") {
  const Imported named = from_unit(
      "[Service]\nExecStart=-@/usr/bin/dbus-daemon @dbus --system 'a\\x20b' \"c\\td\" e\\sf\n");
  CHECK(named.config.programs.front().command ==
        Words{"/usr/bin/dbus-daemon", "--system", "a b", "c\td", "e f"});
  CHECK(named.says("# not taken over: the name @dbus: "));
  CHECK(named.says("# ExecStart began with '-'"));

  const Imported several = from_unit(
      "[Service]\nType=oneshot\nExecStart=/bin/a \"x ; y\" \\; z ; -/bin/b ;\nExecStart=/bin/c\n");
  CHECK(several.config.programs.front().command == Words{"/bin/a", "x ; y", ";", "z"});
  CHECK(several.says("# not taken over: ExecStart=-/bin/b: one command per program"));
  CHECK(several.says("# not taken over: ExecStart=/bin/c: one command per program"));

  // A sequence that is none of systemd's stays as it is.
  const Imported other =
      from_unit("[Service]\nExecStart=/bin/sh -c 'printf \"a\\\\nb\\.\\u00e9\\101\"'\n");
  CHECK(other.config.programs.front().command == Words{"/bin/sh", "-c",
                                                       "printf \"a\\nb\\.\xC3\xA9"
                                                       "A\""});
}

TEST_CASE("nothing of a unit is dropped without a word") {
  const Imported result = from_unit(R"([Unit]
After=redis.service
Requires=redis.service app.socket
Wants=db.service network-online.target
Before=proxy.service
RequiresMountsFor=/srv/data

[Service]
ExecStart=/bin/app
Environment="A=1
Environment=B=2 stray
Restart=on-abnormal
RootDirectory=/srv/jail
StateDirectory=app
StandardInput=socket
EnvironmentFile=/etc/default/*.env
User=%i
)");
  CHECK(result.says("# not taken over: After=redis.service: "));
  CHECK(result.says("# not taken over: Requires=app.socket: a socket is a [listen.NAME]"));
  CHECK(result.says("# not taken over: Wants=db.service: "));
  CHECK(result.says("# not taken over: Before=proxy.service: "));
  CHECK(result.says("# not taken over: RequiresMountsFor=/srv/data"));
  CHECK(result.says("# not taken over: Environment=\"A=1: it cannot be split"));
  CHECK(result.says("# not taken over: Environment=stray: "));
  CHECK(result.says("# not taken over: Restart=on-abnormal: "));
  CHECK(result.says("# not taken over: RootDirectory=/srv/jail\n"));
  CHECK(result.says("# not taken over: StateDirectory=app: create it"));
  CHECK(result.says("STATE_DIRECTORY"));
  CHECK(result.says("# not taken over: StandardInput=socket: "));
  CHECK(result.says("# %i is the instance of a template: fill it in\n"));
  CHECK_FALSE(result.says("user = "));
  CHECK(result.says("# not taken over: EnvironmentFile=/etc/default/*.env: "));
}

}  // namespace holdfast::supervisor::importer
