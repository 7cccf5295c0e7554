// SPDX-License-Identifier: Apache-2.0
#include "common/base/id.hpp"
#include "common/config/environment.hpp"
#include "tests/unit/config/support.hpp"

#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>

namespace holdfast::config {

TEST_CASE("every kind of key of a program is read") {
  const Program program = load_good(R"(
[listen.http]
address = "[::1]:8080"
backlog = 64
[program.base]
command = ["base"]
stop_timeout = "1s"
[program.x]
command = ["node", "server.js"]
replicas = 3
min_ready = 2
required = false
autostart = false
after = ["base"]
sockets = ["http"]
directory = "/srv/x"
environment = { NODE_ENV = "production", _a1 = "" }
env_file = "/etc/x.env"
user = "www-data"
group = "www-data"
umask = "027"
rlimits = { nofile = "1024:65536", core = "unlimited", as = "512MiB" }
memory_high = "200MiB"
memory_max = "300MiB"
memory_measure = "rss"
cpu_weight = 50
pids_max = 20
ready = "unix:/run/x.sock:/up"
ready_timeout = "2m"
ready_interval = "50ms"
restart = "on-failure"
success_exit_codes = [3, 143]
max_restarts_per_hour = 12
settled_after = "5s"
backoff_base = "100ms"
backoff_factor = 3
backoff_cap = "10s"
backoff_jitter = 0.5
backoff_reset = "1m30s"
crash_loop_exits = 3
crash_loop_window = "30s"
crash_loop_retry = "1m"
watchdog = "9s"
watchdog_interval = "3s"
watchdog_grace = "0s"
stop_signal = "SIGQUIT"
stop_timeout = "8s"
stop_scope = "main"
keep_descendants = true
stderr_level = "error"
metrics = "http://127.0.0.1:9100/metrics"
)")
                              .config.programs[1];
  CHECK(program.name == "x");
  CHECK(program.command == std::vector<std::string>{"node", "server.js"});
  CHECK(program.replicas == 3);
  CHECK(program.min_ready == 2);
  CHECK_FALSE(program.required);
  CHECK_FALSE(program.autostart);
  CHECK(program.after == std::vector<std::string>{"base"});
  CHECK(program.sockets == std::vector<std::string>{"http"});
  CHECK(program.directory == "/srv/x");
  CHECK(program.environment ==
        std::map<std::string, std::string>{{"NODE_ENV", "production"}, {"_a1", ""}});
  CHECK(program.env_file == "/etc/x.env");
  CHECK(program.user == "www-data");
  CHECK(program.group == "www-data");
  CHECK(program.umask == 027U);
  CHECK(program.rlimits ==
        std::map<std::string, ResourceLimit>{{"nofile", {1024, 65536}},
                                             {"core",
                                              {std::numeric_limits<std::uint64_t>::max(),
                                               std::numeric_limits<std::uint64_t>::max()}},
                                             {"as", {512U << 20, 512U << 20}}});
  CHECK(program.memory_high == 200U << 20);
  CHECK(program.memory_max == 300U << 20);
  CHECK(program.memory_measure == MemoryMeasure::Rss);
  CHECK(program.cpu_weight == 50);
  CHECK(program.pids_max == 20);
  CHECK(program.ready == ReadyKind::Probe);
  CHECK(program.ready_probe.address == "unix:/run/x.sock:/up");
  CHECK(program.ready_timeout == 2min);
  CHECK(program.ready_interval == 50ms);
  CHECK(program.restart == RestartPolicy::OnFailure);
  CHECK(program.success_exit_codes == std::vector<std::uint32_t>{3, 143});
  CHECK(program.max_restarts_per_hour == 12);
  CHECK(program.settled_after == 5s);
  CHECK(program.backoff_base == 100ms);
  CHECK(program.backoff_factor == 3.0);
  CHECK(program.backoff_cap == 10s);
  CHECK(program.backoff_jitter == 0.5);
  CHECK(program.backoff_reset == 90s);
  CHECK(program.crash_loop_exits == 3);
  CHECK(program.crash_loop_window == 30s);
  CHECK(program.crash_loop_retry == 1min);
  CHECK(program.watchdog == 9s);
  CHECK(program.watchdog_interval == 3s);
  CHECK(program.watchdog_grace == 0s);
  CHECK(program.stop_signal == SIGQUIT);
  CHECK(program.stop_timeout == 8s);
  CHECK(program.stop_scope == StopScope::Main);
  CHECK(program.keep_descendants);
  CHECK(program.stderr_level == log::Level::Error);
  CHECK(program.metrics == "http://127.0.0.1:9100/metrics");
}

TEST_CASE("stop signals have their names with and without SIG") {
  const auto [name, signal] = GENERATE(table<std::string, int>({{"TERM", SIGTERM},
                                                                {"SIGTERM", SIGTERM},
                                                                {"INT", SIGINT},
                                                                {"SIGHUP", SIGHUP},
                                                                {"QUIT", SIGQUIT},
                                                                {"USR1", SIGUSR1},
                                                                {"SIGUSR2", SIGUSR2},
                                                                {"WINCH", SIGWINCH},
                                                                {"KILL", SIGKILL},
                                                                {"ABRT", SIGABRT}}));
  const Config config =
      load_good("[program.x]\ncommand = [\"x\"]\nstop_signal = \"" + name + "\"").config;
  CHECK(config.programs[0].stop_signal == signal);
}

TEST_CASE("readiness by a log line keeps the expression") {
  const Config config =
      load_good("[program.x]\ncommand = [\"x\"]\nready_log = '^listening on \\d+$'").config;
  CHECK(config.programs[0].ready == ReadyKind::LogLine);
  CHECK(config.programs[0].ready_pattern == "^listening on \\d+$");
}

TEST_CASE("networks are kept in their full form") {
  const Config config =
      load_good("[http]\ntrusted_proxies = [\"10.0.0.0/8\", \"192.0.2.7\", \"fd00::/8\", \"::1\"]")
          .config;
  CHECK(config.http.trusted_proxies ==
        std::vector<std::string>{"10.0.0.0/8", "192.0.2.7/32", "fd00::/8", "::1/128"});
}

TEST_CASE("the other sections are read") {
  const Config config = load_good(R"(
[supervisor]
state_dir = "/tmp/state"
shutdown_deadline = "1m"
status_listen = ""
on_hopeless = "exit"
[log]
level = "error"
file = "/var/log/holdfast.log"
max_size = "1MB"
[http]
max_body_bytes = "2MiB"
idle_timeout = "5s"
[store]
url = "postgresql://h@db/docs"
[queue]
lease = "10s"
keep_done = "7d"
[embedding]
dimensions = 512
)")
                            .config;
  CHECK(config.supervisor.state_dir == "/tmp/state");
  CHECK(config.supervisor.shutdown_deadline == 1min);
  CHECK(config.supervisor.status_listen.empty());
  CHECK(config.supervisor.on_hopeless == "exit");
  CHECK(config.log.level == log::Level::Error);
  CHECK(config.log.file == "/var/log/holdfast.log");
  CHECK(config.log.max_size == 1'000'000);
  CHECK(config.http.max_body_bytes == 2U << 20);
  CHECK(config.http.idle_timeout == 5s);
  CHECK(config.store.url == "postgresql://h@db/docs");
  CHECK(config.queue.lease == 10s);
  CHECK(config.queue.keep_done == 168h);
  CHECK(config.embedding.dimensions == 512);
}

TEST_CASE("a file on disk is read and remembered") {
  const auto path = std::filesystem::temp_directory_path() / ("holdfast-" + make_uuid() + ".toml");
  std::ofstream(path) << "[queue]\nbatch = 7\n";
  const auto good = load(path, {});
  REQUIRE(good);
  CHECK(good->config.queue.batch == 7);
  CHECK(good->config.source == path);

  std::ofstream(path) << "[queue]\nbatch = \"7\"\n";
  const auto bad = load(path, {});
  REQUIRE_FALSE(bad);
  CHECK(bad.error() ==
        std::vector<ConfigProblem>{
            {path.native(), 2, 9, "[queue] batch: must be an integer, not a string"}});
  std::filesystem::remove(path);
}

TEST_CASE("a file that cannot be read is a problem and not a default") {
  const auto loaded = load("/nonexistent/holdfast.toml", {});
  REQUIRE_FALSE(loaded);
  REQUIRE(loaded.error().size() == 1);
  CHECK(loaded.error()[0].file == "/nonexistent/holdfast.toml");
  CHECK(loaded.error()[0].line == 0);
  CHECK(format(loaded.error()).find("No such file") != std::string::npos);
}

TEST_CASE("a file that cannot be read does not hide what is wrong with the environment") {
  const auto loaded = load("/nonexistent/holdfast.toml", {{"PORT", "x"}});
  REQUIRE_FALSE(loaded);
  REQUIRE(loaded.error().size() == 2);
  CHECK(loaded.error()[1].file == "environment");
}

TEST_CASE("the process's environment is copied as it is") {
  ::setenv("HOLDFAST_UNIT_TEST", "a=b", 1);
  const Environ environ = environ_of_process();
  CHECK(environ.at("HOLDFAST_UNIT_TEST") == "a=b");
  ::unsetenv("HOLDFAST_UNIT_TEST");
}

TEST_CASE("a path in the environment is relative to the current directory, as in a shell") {
  const std::string here = std::filesystem::current_path().native();
  const Environ environ = with_absolute_paths({{"HOLDFAST_RUNTIME_DIR", ".holdfast/run"},
                                               {"HOLDFAST_STATE_DIR", "../state"},
                                               {"HOLDFAST_CONFIG", ""},
                                               {"DATABASE_URL_FILE", "/run/secrets/url"},
                                               {"PATH", "bin"}});
  CHECK(environ.at("HOLDFAST_RUNTIME_DIR") == here + "/.holdfast/run");
  CHECK(environ.at("HOLDFAST_STATE_DIR") ==
        (std::filesystem::current_path().parent_path() / "state").native());
  CHECK(environ.at("HOLDFAST_CONFIG").empty());
  CHECK(environ.at("DATABASE_URL_FILE") == "/run/secrets/url");
  CHECK(environ.at("PATH") == "bin");
}

}  // namespace holdfast::config
