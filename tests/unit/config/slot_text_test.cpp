// SPDX-License-Identifier: Apache-2.0
#include "common/config/slot_text.hpp"

#include "tests/unit/config/support.hpp"

namespace holdfast::config {

namespace {

const std::string kWeb = "[program.web]\nreplicas = 2\n";

}  // namespace

TEST_CASE("{slot}, {name} and {port} are replaced where they stand by themselves") {
  const SlotNames names{"web.2", 2, 9002};
  const std::pair<const char*, const char*> table[] = {
      {"", ""},
      {"--port={port}", "--port=9002"},
      {"{slot}{name}{port}{slot}", "2web.290022"},
      {"{name}/{name}", "web.2/web.2"},
      {"{port", "{port"},
      {"{Port} {slots} {} { slot }", "{Port} {slots} {} { slot }"},
      {"${port} ${name:-x}", "${port} ${name:-x}"},  // a shell's
      {"{{name}}", "{{name}}"},                      // a template's
      {"{\"port\":{port}}", "{\"port\":9002}"},
  };
  for (const auto& [text, expanded] : table) {
    INFO(text);
    CHECK(expand_slot_names(text, names) == expanded);
    CHECK(contains_slot_names(text) == (std::string(text) != expanded));
  }
  CHECK(expand_slot_names("{name}", {"{slot}", 0, 0}) == "{slot}");  // not expanded again
}

TEST_CASE("each slot has its own command, environment, ready and metrics") {
  const Config config =
      load_good(kWeb +
                "command = [\"web\", \"--port={port}\"]\nport = 9000\n"
                "environment = { ID = \"{name}\" }\nready = \"http://127.0.0.1:{port}\"\n"
                "metrics = \"unix:/run/web{slot}.sock\"\n")
          .config;
  const Program& web = program_named(config, "web");
  const Program second = for_slot(web, 1);
  CHECK(second.command == std::vector<std::string>{"web", "--port=9001"});
  CHECK(second.environment.at("ID") == "web.1");
  CHECK(second.ready_probe.address == "http://127.0.0.1:9001/");
  CHECK(second.metrics == "unix:/run/web1.sock:/metrics");
  CHECK(for_slot(web, 0).ready_probe.address == "http://127.0.0.1:9000/");
}

TEST_CASE("a pattern for log lines and a program without placeholders are left alone") {
  const Config config =
      load_good(kWeb + "command = [\"web\"]\nready_log = \"x{slot}\"\n", {}).config;
  const Program& web = program_named(config, "web");
  CHECK(for_slot(web, 1) == web);
}

TEST_CASE("placeholders that cannot be filled are refused, each with its key") {
  const std::string web = "[program.web]\n";
  CHECK(load_bad(web + "command = [\"web\", \"{port}\"]")
            .find("command: {port} has no value without 'port'") != std::string::npos);
  CHECK(load_bad(web + "command = [\"web\"]\nready = \"http://127.0.0.1:{port}/\"")
            .find("ready: {port} has no value without 'port'") != std::string::npos);
  CHECK(load_bad(web + "command = [\"web-{slot}\"]")
            .find("command: 'web-{slot}' is looked up once for all workers") != std::string::npos);
  CHECK(load_bad(web + "command = [\"web\", \"{port}\"]\nport = 65535\nreplicas = 2")
            .find("port: 2 workers from 65535 on need ports above 65535") != std::string::npos);
  CHECK(
      load_bad(web + "command = [\"web\"]\nready = \"http://127.0.0.1:{prt}/\"").find("ready: ") !=
      std::string::npos);
  CHECK(load_good(web + "command = [\"web\"]\nport = 9000").warnings.size() == 1);
  CHECK(load_good(web + "command = [\"web\", \"{port}\"]\nport = 65535").warnings.empty());
}

}  // namespace holdfast::config
