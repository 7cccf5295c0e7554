// SPDX-License-Identifier: Apache-2.0
// The ways to ask a program from outside, and what follows for how it is replaced.
#include "common/config/probe.hpp"
#include "common/config/reload.hpp"
#include "common/config/replacement.hpp"
#include "common/config/show.hpp"
#include "common/config/slot_text.hpp"
#include "tests/unit/config/support.hpp"

namespace holdfast::config {

namespace {

const std::string kProbed =
    "[listen.web]\naddress = \"127.0.0.1:8080\"\n[program.web]\ncommand = [\"web\"]\n";

Program web_with(const std::string& keys) {
  return program_named(load_good(kProbed + keys).config, "web");
}

bool overlaps_with(const std::string& keys) {
  return overlaps(web_with(keys));
}

std::string warnings_of(const std::string& keys) {
  std::string text;
  for (const std::string& warning : load_good(kProbed + keys).warnings) {
    if (warning.find("[program.web]") != std::string::npos) text += warning + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("ready and health take an address over HTTP, a Unix socket or TCP, or a command") {
  struct Row {
    std::string text;
    Probe::Kind kind;
    std::string shown;
  };
  const auto row = GENERATE(values<Row>({
      {"\"http://127.0.0.1:80\"", Probe::Kind::Http, "http://127.0.0.1:80/"},
      {"\"unix:/run/x.sock:/up?q=1\"", Probe::Kind::Http, "unix:/run/x.sock:/up?q=1"},
      {"\"unix:/run/x.sock\"", Probe::Kind::Http, "unix:/run/x.sock:/"},
      {"\"tcp:127.0.0.1:5432\"", Probe::Kind::Tcp, "tcp:127.0.0.1:5432"},
      {"\"tcp://[::1]:5432\"", Probe::Kind::Tcp, "tcp:[::1]:5432"},
      {"\"tcp:localhost:5432\"", Probe::Kind::Tcp, "tcp:localhost:5432"},
      {"[\"pg_isready\", \"-q\"]", Probe::Kind::Command, "pg_isready -q"},
  }));
  const Config config =
      load_good(kProbed + "ready = " + row.text + "\nhealth = " + row.text).config;
  const Program web = program_named(config, "web");
  CHECK(web.ready == ReadyKind::Probe);
  CHECK(web.ready_probe.kind == row.kind);
  CHECK(to_string(web.ready_probe) == row.shown);
  CHECK(web.health == web.ready_probe);
  // What is shown is read again as the same.
  CHECK(program_named(load_good(show(config)).config, "web").health == web.health);
}

TEST_CASE("an address that nobody could be asked at is refused") {
  const std::string value = GENERATE(as<std::string>{}, "\"tcp:127.0.0.1\"", "\"tcp:127.0.0.1:0\"",
                                     "\"tcp:db.example.org:1\"", "\"tcp:127.0.0.1:80/path\"",
                                     "\"http://db.example.org/\"", "\"unix:relative.sock\"",
                                     "\"ftp://127.0.0.1/\"", "[]", "[\"\"]", "[1]", "true");
  INFO(value);
  CHECK_THAT(load_bad(kProbed + "health = " + value), Catch::Contains("[program.web] health: "));
  CHECK_THAT(load_bad(kProbed + "ready = " + value), Catch::Contains("[program.web] ready: "));
}

TEST_CASE("statuses are numbers, hundreds or ranges; without any it is 2xx") {
  CHECK(expects_status({}, 204));
  CHECK_FALSE(expects_status({}, 302));
  const Program web = web_with(
      "health = \"http://127.0.0.1:80/\"\nhealth_statuses = [204, \"4xx\", \"500-502\"]\n");
  for (const int status : {204, 400, 499, 500, 502})
    CHECK(expects_status(web.health, status));
  for (const int status : {200, 203, 205, 399, 503})
    CHECK_FALSE(expects_status(web.health, status));
  for (const char* bad : {"99", "600", "\"0xx\"", "\"6xx\"", "\"20\"", "\"300-200\"", "\"ok\""}) {
    INFO(bad);
    CHECK_THAT(
        load_bad(kProbed + "health = \"http://127.0.0.1:80/\"\nhealth_statuses = [" + bad + "]"),
        Catch::Contains("is not an HTTP status"));
  }
}

TEST_CASE("a Host header that would be two is refused") {
  CHECK(web_with("ready = \"http://127.0.0.1:80/\"\nready_host = \"app.example.org:81\"")
            .ready_probe.host == "app.example.org:81");
  CHECK_THAT(load_bad(kProbed + "ready_host = \"a\\r\\nX: y\""), Catch::Contains("ready_host: "));
}

TEST_CASE("{port}, {slot} and {name} stand in every kind of probe") {
  const Program web = web_with(
      "port = 9000\nreplicas = 2\nready = [\"check\", \"{name}\", \"{port}\"]\n"
      "health = \"tcp:127.0.0.1:{port}\"");
  const Program second = for_slot(web, 1);
  CHECK(second.ready_probe.command == std::vector<std::string>{"check", "web.1", "9001"});
  CHECK(second.health.address == "127.0.0.1:9001");
  CHECK_THAT(load_bad(kProbed + "health = [\"{name}\"]"), Catch::Contains("is looked up once"));
  CHECK_THAT(load_bad(kProbed + "health = [\"x\", \"{port}\"]"),
             Catch::Contains("health: {port} has no value without 'port'"));
}

TEST_CASE("replace = auto overlaps only where being ready can be told of the new process alone") {
  CHECK(overlaps_with(""));  // it says so itself
  CHECK(overlaps_with("ready_log = \"up\""));
  CHECK_FALSE(overlaps_with("ready = \"started\""));
  CHECK_FALSE(overlaps_with("ready = [\"check\"]"));
  CHECK_FALSE(overlaps_with("ready = \"http://127.0.0.1:8080/\""));
  CHECK(overlaps_with("sockets = [\"web\"]\nready = \"http://127.0.0.1:8080/\""));
  CHECK(overlaps_with("sockets = [\"web\"]\nready = \"tcp:localhost:8080\""));
  CHECK_FALSE(overlaps_with("sockets = [\"web\"]\nready = \"http://127.0.0.1:8081/\""));
  CHECK_FALSE(overlaps_with("sockets = [\"web\"]\nready = \"http://127.0.0.2:8080/\""));
  // A port of its own, however it becomes ready.
  CHECK_FALSE(overlaps_with("port = 1\nenvironment = { PORT = \"{port}\" }"));
  CHECK(overlaps_with("ready = \"started\"\nreplace = \"overlap\""));
  CHECK_FALSE(overlaps_with("replace = \"stop-first\""));
  CHECK_FALSE(overlaps_with("type = \"oneshot\""));
}

TEST_CASE("a listener on any address, or on a Unix socket, is recognized in a probe") {
  const auto shares = [](const std::string& address, const std::string& ready) {
    return program_named(load_good("[listen.web]\naddress = \"" + address +
                                   "\"\n[program.web]\ncommand = [\"web\"]\nsockets = [\"web\"]\n"
                                   "ready = \"" +
                                   ready + "\"")
                             .config,
                         "web")
        .ready_at_socket;
  };
  CHECK(shares("0.0.0.0:8080", "http://127.0.0.1:8080/"));
  CHECK(shares("[::]:8080", "http://[::1]:8080/"));
  CHECK(shares("[::1]:8080", "tcp:localhost:8080"));
  CHECK(shares("unix:/run/web.sock", "unix:/run/web.sock:/up"));
  CHECK_FALSE(shares("unix:/run/web.sock", "unix:/run/other.sock:/up"));
  CHECK_FALSE(shares("127.0.0.1:8080", "unix:/run/web.sock:/up"));
}

TEST_CASE("combinations that cannot work are warned of") {
  CHECK_THAT(warnings_of("replicas = 2\nready = \"http://127.0.0.1:80/\""),
             Catch::Contains("ready: 2 workers share the address http://127.0.0.1:80/"));
  CHECK_THAT(warnings_of("replicas = 2\nhealth = \"tcp:127.0.0.1:80\""),
             Catch::Contains("health: 2 workers share the address tcp:127.0.0.1:80"));
  CHECK(warnings_of("replicas = 2\nport = 80\nready = \"http://127.0.0.1:{port}/\"").empty());
  const std::string shared = "sockets = [\"web\"]\nready = \"http://127.0.0.1:8080/\"\n";
  CHECK(warnings_of("replicas = 2\n" + shared).empty());
  CHECK_THAT(warnings_of("replicas = 2\nhealth = \"http://127.0.0.1:8080/\"\n" + shared),
             Catch::Contains("health: 2 workers accept from one socket"));
  CHECK(warnings_of("replicas = 2\nhealth = \"http://127.0.0.1:8080/\"\n"
                    "watchdog_source = \"health\"\n" +
                    shared)
            .empty());
  const std::string overlap = "replace = \"overlap\"\n";
  CHECK_THAT(warnings_of(overlap + "ready = \"http://127.0.0.1:80/\""),
             Catch::Contains("cannot work: the new process cannot open http://127.0.0.1:80/"));
  CHECK_THAT(warnings_of(overlap + "port = 1\nready = \"http://127.0.0.1:{port}/\""),
             Catch::Contains("cannot work: the new process has the same {port}"));
  CHECK_THAT(warnings_of(overlap + "ready = [\"check\"]"),
             Catch::Contains("a command cannot tell"));
  CHECK_THAT(warnings_of(overlap + "ready = \"started\""), Catch::Contains("nothing shows that"));
  CHECK(warnings_of(overlap + shared).empty());
  CHECK(warnings_of(overlap).empty());
  CHECK_THAT(warnings_of("health_failures = 2"), Catch::Contains("health_failures has no effect"));
  CHECK_THAT(warnings_of("ready = \"tcp:127.0.0.1:80\"\nready_host = \"x\""),
             Catch::Contains("ready_host has no effect"));
}

TEST_CASE("watchdog_source brings a watchdog, and needs what it listens to") {
  const Program web =
      web_with("ready = \"started\"\nmetrics = \"socket\"\nwatchdog_source = \"metrics\"");
  CHECK(web.watchdog == 30s);
  CHECK_THAT(load_bad(kProbed + "watchdog_source = \"health\""),
             Catch::Contains("watchdog_source: \"health\" needs 'health'"));
  CHECK_THAT(load_bad(kProbed + "ready = \"started\"\nwatchdog_source = \"metrics\""),
             Catch::Contains("watchdog_source: \"metrics\" needs 'metrics'"));
  CHECK_THAT(load_bad(kProbed + "watchdog_source = \"metrics\"\nwatchdog = \"5s\""),
             Catch::Contains("watchdog: 5s is less than three times metrics_interval, 2s"));
  const std::string health = "health = \"tcp:127.0.0.1:80\"\nwatchdog_source = \"health\"\n";
  CHECK_THAT(load_bad(kProbed + health + "watchdog = \"29s\""),
             Catch::Contains("watchdog: 29s is less than three times health_interval, 10s"));
  CHECK_THAT(warnings_of(health + "watchdog = \"0s\""),
             Catch::Contains("watchdog_source has no effect"));
}

TEST_CASE("a oneshot has no health") {
  CHECK_THAT(load_bad(kProbed + "type = \"oneshot\"\nhealth = [\"check\"]"),
             Catch::Contains("health: a oneshot program"));
}

TEST_CASE("a changed question is a change, and is applied without a restart but for ready") {
  const Program before = web_with("health = \"tcp:127.0.0.1:80\"");
  const Program after = web_with("health = [\"check\"]\nhealth_statuses = [204]");
  CHECK(describe(changed_keys(before, after)) == "health, health_statuses");
  CHECK(describe(changed_keys(before, web_with("ready = \"tcp:127.0.0.1:80\"\n"
                                               "health = \"tcp:127.0.0.1:80\""))) ==
        "ready, watchdog (rolling restart)");
}

}  // namespace holdfast::config
