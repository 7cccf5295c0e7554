// SPDX-License-Identifier: Apache-2.0
// What people get to see: no secret, and nothing that controls their terminal.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

bool shows(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what a program writes reaches no terminal as it is") {
  // In TOML: an escape sequence, one of C1, a bidirectional override and a zero-width space.
  const std::string nasty = "\\u001b[2J\\u009b31m\\u202Egpj.exe\\u200B";
  for (const char* format : {"json", "pretty"}) {
    INFO(format);
    Stack stack(
        "[log]\nformat = \"" + std::string(format) + "\"\n\n" +
            misbehaving("web", {"--print", nasty, "--print", "{\\\"msg\\\":\\\"" + nasty + "\\\"}",
                                "--notify", "STATUS=" + nasty, "--ready"}),
        kNoPort);
    stack.wait_ready();
    REQUIRE(wait_until([&] { return shows(stack.command({"status"}).output, "gpj.exe"); }));
    REQUIRE(wait_until([&] { return shows(stack.command({"logs"}).output, "gpj.exe"); }));
    for (const std::vector<std::string>& command : {std::vector<std::string>{"logs"},
                                                    {"status"},
                                                    {"status", "--json"},
                                                    {"events"},
                                                    {"events", "--json"}}) {
      const std::string output = stack.command(command).output;
      INFO(command.front() << ": " << output);
      for (const char* hidden : {"\x1b", "\u009b", "\u202E", "\u200B"})
        CHECK_FALSE(shows(output, hidden));
    }
    CHECK_FALSE(shows(stack.supervisor().output(), "\u202E"));
  }
}

TEST_CASE("what a configuration, a key's name or an argument holds reaches no terminal as it is") {
  const std::string nasty = "\\u001b]0;x\\u0007\\u009b31m\\u202Egpj.exe\\u200B";  // in TOML
  const std::string raw = "\x1b]0;x\u009b31m\u202Egpj.exe\u200B";
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const auto check = [&](const std::vector<std::string>& command, bool succeeds = false) {
    const auto answer = stack.command(command);
    INFO(command.front() << ": " << answer.output);
    CHECK((answer.exit_code == 0) == succeeds);
    CHECK_FALSE(answer.output.empty());
    for (const char* hidden : {"\x1b", "\x07", "\u009b", "\u202E", "\u200B"})
      CHECK_FALSE(shows(answer.output, hidden));
    return answer.output;
  };
  for (const std::string& wrong :
       {"[http]\n\"" + nasty + "\" = 1\n", "[http]\nidle_timeout = \"" + nasty + "\"\n",
        "[program.x]\ncommand = [\"/bin/" + nasty + "\"]\n",
        "[program.x]\ncommand = [\"true\"]\nafter = [\"" + nasty + "\"]\n"}) {
    stack.write_config(wrong);
    check({"check-config"});
    check({"check-config", "--diff"});
    check({"reload"});
    check({"api-key", "list"});
  }
  stack.write_config(misbehaving("web", {"--ready"}) +
                     ("\n[program.x]\ncommand = [\"/bin/true\", \"" + nasty +
                      "\"]\nautostart = false\nrequired = false\n"));
  CHECK(shows(check({"check-config"}, true), "\\U0000202E"));
  check({"check-config", "--diff"});
  check({"api-key", "create", raw, "--scope", "read"});
  check({"restart", raw});
  check({raw});
  check({"logs", "--" + raw});
}

TEST_CASE("no command and no event shows a secret") {
  auto environment = kNoPort;
  environment["SECRET_OF_THE_STACK"] = "hunter2";
  const auto web = [](const std::string& mode) {
    return misbehaving(
        "web", {"--ready", "--print", "--password=hunter2", "--print", "amqp://me:hunter2@mq/"},
        "environment = { API_TOKEN = \"hunter2\", MODE = \"" + mode +
            "\", X = \"${SECRET_OF_THE_STACK}\" }\nmetrics = \"off\"\n");
  };
  Stack stack(web("fast"), environment);
  stack.wait_ready();
  const auto check = [&](const std::vector<std::string>& command, int exit_code) {
    const auto answer = stack.command(command);
    INFO(command.front() << ": " << answer.output);
    if (exit_code >= 0) CHECK(answer.exit_code == exit_code);
    CHECK_FALSE(shows(answer.output, "hunter2"));
    return answer.output;
  };
  const std::string shown = check({"check-config"}, 0);
  CHECK(shows(shown, "--password=***"));
  CHECK(shows(shown, "API_TOKEN = \"[Redacted]\""));
  stack.write_config(web("safe"));
  check({"check-config", "--diff"}, 1);
  check({"reload"}, 0);
  check({"status", "--json"}, -1);
  check({"events", "--json"}, 0);

  stack.write_config(
      "[store]\nurl = \"postgres//app:hunter2@db/docs\"\n[rate_limit]\nredis_url = "
      "\"redis:/:hunter2@cache\"\n" +
      web("safe"));
  check({"check-config"}, 78);
  check({"reload"}, 1);
  check({"status"}, -1);
  check({"events"}, 0);
}

TEST_CASE(
    "a command whose output cannot be written has failed, and no key is left that nobody saw") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const auto into_full_disk = [&](const std::string& program, const std::string& arguments) {
    const std::string command = (bin_dir() / program).native() + " " + arguments;
    ProcessOptions options;
    options.environment = stack.environment();
    return run_program({"/bin/sh", "-c", command + " 3>&1 >/dev/full 2>&3"}, options);
  };
  REQUIRE(run_program({bin_dir() / "holdfast-queue-worker", "migrate"},
                      {.environment = stack.environment()})
              .ended.shell_status() == 0);
  for (const char* command : {"status", "status --json", "events", "logs", "check-config",
                              "completion bash", "--version", "--help", "api-key list"}) {
    INFO(command);
    const Finished finished = into_full_disk("holdfast", command);
    INFO(finished.output);
    CHECK(finished.ended.shell_status() != 0);
    CHECK(shows(finished.output, "standard output cannot be written"));
  }
  for (const char* command : {"jobs list", "migrate --status", "completion zsh", "--help"}) {
    INFO(command);
    const Finished finished = into_full_disk("holdfast-queue-worker", command);
    INFO(finished.output);
    CHECK(finished.ended.shell_status() != 0);
  }
  const Finished created = into_full_disk("holdfast", "api-key create lost");
  CHECK(created.ended.shell_status() == 1);
  CHECK(shows(created.output, "so the key was not shown, and is revoked"));
  CHECK(shows(stack.command({"api-key", "list"}).output, "revoked"));
}
