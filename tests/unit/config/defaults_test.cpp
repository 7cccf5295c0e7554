// SPDX-License-Identifier: Apache-2.0
#include "common/config/handover.hpp"
#include "tests/unit/config/support.hpp"

namespace holdfast::config {

TEST_CASE("an empty file and no file give the same defaults") {
  const Config empty = load_good("").config;
  const auto none = load(std::nullopt, {});
  REQUIRE(none);
  CHECK(empty == none->config);
  CHECK(empty.source.empty());
  CHECK(load_good("").warnings.empty());

  REQUIRE(empty.listen.size() == 1);
  CHECK(empty.listen.at("http").address == "0.0.0.0:3000");
  CHECK(empty.environment == Environment::Production);
  CHECK(empty.log.format == log::Format::Json);
  CHECK(empty.log.level == log::Level::Info);
}

TEST_CASE("development lets this host read the metrics, unless the file says who may") {
  CHECK(load_good("").config.http.metrics_allow.empty());
  CHECK(load_good("environment = \"development\"").config.http.metrics_allow ==
        std::vector<std::string>{"127.0.0.0/8", "::1/128"});
  // In the form in which networks are read again, or it could not be handed to the workers.
  CHECK(handover_text(load_good("environment = \"development\"").config, "api-worker"));
  const char* const closed = "environment = \"development\"\n[http]\nmetrics_allow = []";
  CHECK(load_good(closed).config.http.metrics_allow.empty());
}

TEST_CASE("without programs Holdfast's own three run in order") {
  const Config config = load_good("").config;
  REQUIRE(config.programs.size() == 3);
  const Program& migrate = config.programs[0];
  CHECK(migrate.name == "migrate");
  CHECK(migrate.command == std::vector<std::string>{"holdfast-queue-worker", "migrate"});
  CHECK(migrate.type == ProgramType::Oneshot);
  CHECK(migrate.restart == RestartPolicy::OnFailure);
  CHECK(migrate.watchdog == 0s);

  const Program& queue = config.programs[1];
  CHECK(queue.name == "queue-worker");
  CHECK(queue.command == std::vector<std::string>{"holdfast-queue-worker"});
  CHECK(queue.after == std::vector<std::string>{"migrate"});
  CHECK(queue.replicas == 1);
  CHECK(queue.stop_timeout == 15s);
  CHECK(queue.watchdog == 30s);

  const Program& api = config.programs[2];
  CHECK(api.name == "api-worker");
  CHECK(api.command == std::vector<std::string>{"holdfast-api-worker"});
  CHECK(api.after == std::vector<std::string>{"queue-worker"});
  CHECK(api.sockets == std::vector<std::string>{"http"});
  CHECK(api.replicas == 2);
  CHECK(api.stop_timeout == 10s);
}

TEST_CASE("the default programs get their listener beside one of the user's") {
  const Config config = load_good("[listen.other]\naddress = \"127.0.0.1:4000\"").config;
  CHECK(config.listen.count("http") == 1);
  CHECK(config.listen.count("other") == 1);
}

TEST_CASE("one named program replaces all default ones") {
  const Config config = load_good("[program.web]\ncommand = [\"nginx\"]").config;
  REQUIRE(config.programs.size() == 1);
  CHECK(config.programs[0].name == "web");
}

TEST_CASE("no listener that nobody named: http is there only where a program takes it") {
  const std::string own = "[program.web]\ncommand = [\"nginx\"]\n";
  const std::string other = "[listen.other]\naddress = \"127.0.0.1:4000\"\n";
  for (const Environ& environ : {Environ{}, Environ{{"PORT", "8080"}}}) {
    CHECK(load_good(own, environ).config.listen.empty());
    CHECK(load_good(own, environ).warnings.empty());
  }
  CHECK(load_good(other + own).config.listen.size() == 1);
  CHECK(load_good(own + "sockets = [\"http\"]").config.listen.at("http").address == "0.0.0.0:3000");
  const Config both = load_good(other + own + "sockets = [\"other\", \"http\"]").config;
  CHECK(both.listen.size() == 2);
  CHECK(
      load_good(own + "sockets = [\"http\"]", {{"PORT", "80"}}).config.listen.at("http").address ==
      "0.0.0.0:80");
  CHECK(load_good("[listen.http]\naddress = \"127.0.0.1:1\"\n" + own).config.listen.size() == 1);
}

TEST_CASE("programs keep the order of the file") {
  const Config config = load_good(R"(
[program.zebra]
command = ["z"]
[program.ant]
command = ["a"]
[program.mole]
command = ["m"]
)")
                            .config;
  REQUIRE(config.programs.size() == 3);
  CHECK(config.programs[0].name == "zebra");
  CHECK(config.programs[1].name == "ant");
  CHECK(config.programs[2].name == "mole");
}

TEST_CASE("development is verbose and readable unless the file says otherwise") {
  const Config plain = load_good("environment = \"development\"").config;
  CHECK(plain.log.format == log::Format::Pretty);
  CHECK(plain.log.level == log::Level::Debug);

  const Config file = load_good("environment = \"development\"\n[log]\nlevel = \"warn\"").config;
  CHECK(file.log.format == log::Format::Pretty);
  CHECK(file.log.level == log::Level::Warn);

  const Config by_variable = load_good("", {{"HOLDFAST_ENV", "development"}}).config;
  CHECK(by_variable.environment == Environment::Development);
  CHECK(by_variable.log.format == log::Format::Pretty);
}

TEST_CASE("programs that send no heartbeats are not watched by default") {
  const auto watchdog_of = [](const std::string& keys) {
    return load_good("[program.x]\ncommand = [\"x\"]\n" + keys).config.programs[0].watchdog;
  };
  CHECK(watchdog_of("") == 30s);
  CHECK(watchdog_of("ready = \"started\"") == 0s);
  CHECK(watchdog_of("ready = \"http://127.0.0.1:80/\"") == 0s);
  CHECK(watchdog_of("ready_log = \"listening\"") == 0s);
  CHECK(watchdog_of("type = \"oneshot\"") == 0s);
  CHECK(watchdog_of("ready = \"started\"\nwatchdog = \"20s\"") == 20s);
}

TEST_CASE("a program scaled to zero needs no ready worker") {
  const Config config = load_good("[program.x]\ncommand = [\"x\"]\nreplicas = 0").config;
  CHECK(config.programs[0].min_ready == 0);
}

TEST_CASE("limits that lean on a lowered one follow it") {
  const Config config =
      load_good("[http]\nmax_connections = 100\n[embedding]\nchunk_bytes = 400").config;
  CHECK(config.http.max_connections_per_client == 100);
  CHECK(config.embedding.chunk_overlap == 100);
}

}  // namespace holdfast::config
