// SPDX-License-Identifier: Apache-2.0
// A configuration in pieces, with variables, compared with what runs; and log files of programs.
#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
namespace fs = std::filesystem;

namespace {

// Programs in files of their own, beside the configuration.
void write_piece(Stack& stack, const std::string& name, const std::string& toml) {
  fs::create_directories(stack.file("conf.d"));
  std::ofstream(stack.file("conf.d") / name, std::ios::trunc) << toml;
}

const std::string kIncludes = "include = [\"conf.d/*.toml\"]\n";

std::map<std::string, std::string> with_no_port(std::map<std::string, std::string> variables) {
  variables.insert(kNoPort.begin(), kNoPort.end());
  return variables;
}

bool file_has(const fs::path& path, std::string_view text) {
  return wait_until([&] { return read_file(path).value_or("").find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("a reload takes programs from files that are added, changed and removed") {
  Stack stack(kIncludes + misbehaving("main", {"--ready"}), kNoPort);
  stack.wait_ready();
  const pid_t main = stack.pid_of("main.0");
  write_piece(stack, "a.toml", misbehaving("a", {"--ready"}));
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  const pid_t first = stack.pid_of("a.0");
  REQUIRE(first > 0);
  write_piece(stack, "a.toml", misbehaving("a", {"--print", "second", "--ready"}));
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  REQUIRE(stack.pid_of("a.0") != first);

  write_piece(stack, "b.toml", "\n[program.b]\ncomand = [\"x\"]\n");
  const auto refused = stack.command({"reload"});
  INFO(refused.output);
  REQUIRE(refused.exit_code == 1);
  REQUIRE(refused.output.find("conf.d/b.toml:3:1: [program.b] unknown key 'comand'") !=
          std::string::npos);
  fs::remove(stack.file("conf.d") / "b.toml");
  fs::remove(stack.file("conf.d") / "a.toml");
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  REQUIRE(stack.worker("a.0").empty());
  REQUIRE(stack.pid_of("main.0") == main);
}

TEST_CASE("Holdfast's own workers read the pieces and the variables too") {
  Stack stack(kIncludes + misbehaving("main", {"--ready"}),
              with_no_port({{"DOCUMENT_LIMIT", "2KiB"}}));
  stack.wait_ready();
  write_piece(stack, "stack.toml",
              api_workers(1) + "[http]\nmax_body_bytes = \"1KiB\"\n" +
                  "max_document_bytes = \"${DOCUMENT_LIMIT}\"\n");
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  REQUIRE(stack.wait_state("api-worker.0", "ready"));
  const nlohmann::json big{{"title", "t"}, {"content", std::string(3000, 'x')}};
  REQUIRE(stack.post_json("/api/documents", big).status == 413);
  const nlohmann::json fits{{"title", "t"}, {"content", std::string(1500, 'x')}};
  REQUIRE(stack.post_json("/api/documents", fits).status == 202);
}

TEST_CASE("check-config --diff says what a reload would change, and changes nothing") {
  const std::string secret = "hunter2";
  Stack stack(misbehaving("kept", {"--ready"}) + misbehaving("gone", {"--ready"}) +
                  misbehaving("web", {"--ready"},
                              "environment = { MODE = \"fast\", TOKEN = \"${TOKEN}\" }\n"),
              with_no_port({{"TOKEN", secret}}));
  stack.wait_ready();
  const pid_t web = stack.pid_of("web.0");
  const auto same = stack.command({"check-config", "--diff"});
  INFO(same.output);
  REQUIRE(same.exit_code == 0);
  REQUIRE(same.output == "nothing would change\n");

  // The caller does not have the variable; the supervisor does.
  Process without({bin_dir() / "holdfast", "check-config", "--diff", stack.config_file()},
                  {{"HOLDFAST_RUNTIME_DIR", stack.runtime_dir()}}, stack.file("without.out"));
  REQUIRE(without.wait().value == 0);

  stack.write_config(
      misbehaving("kept", {"--ready"}, "stop_timeout = \"3s\"\n") +
      misbehaving("added", {"--ready"}) +
      misbehaving("web", {"--ready"},
                  "replicas = 2\nenvironment = { MODE = \"safe\", TOKEN = \"x\" }\n") +
      "[log]\nmax_files = 3\n");
  const auto differs = stack.command({"check-config", "--diff"});
  INFO(differs.output);
  REQUIRE(differs.exit_code == 1);
  for (const char* part :
       {"+ [program.added]: added", "- [program.gone]: removed", "~ [program.kept]\n",
        "live        stop_timeout  \"10s\" -> \"3s\"", "roll        environment.MODE", "scale",
        "\"fast\" -> \"safe\"", "next start  max_files  10 -> 3",
        "environment.TOKEN  \"[Redacted]\" (changed; the value is secret)"}) {
    INFO(part);
    CHECK(differs.output.find(part) != std::string::npos);
  }
  CHECK(differs.output.find(secret) == std::string::npos);
  REQUIRE(stack.pid_of("web.0") == web);
  REQUIRE(stack.pid_of("gone.0") > 0);

  stack.write_config("[program.web]\ncommand = [\"x\"]\nreplica = 2\n");
  const auto invalid = stack.command({"check-config", "--diff"});
  INFO(invalid.output);
  REQUIRE(invalid.exit_code == 78);
  REQUIRE(invalid.output.find("holdfast.toml:3:1: [program.web] unknown key 'replica'") !=
          std::string::npos);
}

TEST_CASE("check-config --diff finds a changed env_file, and a supervisor that is not there") {
  TempDir dir;
  std::ofstream(dir / "web.env") << "A=1\n";
  Stack stack(
      misbehaving("web", {"--ready"}, "env_file = \"" + (dir / "web.env").string() + "\"\n"),
      kNoPort);
  stack.wait_ready();
  REQUIRE(stack.command({"check-config", "--diff"}).exit_code == 0);
  std::ofstream(dir / "web.env") << "A=2\n";
  const auto differs = stack.command({"check-config", "--diff"});
  INFO(differs.output);
  REQUIRE(differs.exit_code == 1);
  REQUIRE(differs.output.find("roll        contents of env_file") != std::string::npos);
  Process alone({bin_dir() / "holdfast", "check-config", "--diff"},
                {{"HOLDFAST_RUNTIME_DIR", dir / "run"}}, dir / "alone.out");
  REQUIRE(alone.wait().value == 4);
}

TEST_CASE("log_file: a file for each worker, rotated away and reopened, and no directory is told") {
  TempDir dir;
  const std::string file = (dir / "{name}.log").string();
  Stack stack(misbehaving("web", {"--print", "hello from web", "--ready"},
                          "replicas = 2\nlog_file = \"" + file + "\"\n"),
              kNoPort);
  stack.wait_ready();
  REQUIRE(file_has(dir / "web.0.log", "\"msg\":\"hello from web\""));
  REQUIRE(file_has(dir / "web.1.log", "\"worker\":\"web.1\""));
  REQUIRE(read_file(dir / "web.1.log")->find("web.0") == std::string::npos);
  REQUIRE(file_has(stack.file("output.log"), "hello from web"));
  CHECK(stack.worker("web.1")["log_file"] == (dir / "web.1.log").string());
  CHECK(stack.command({"status"}).output.find("log: " + (dir / "web.1.log").string()) !=
        std::string::npos);

  fs::rename(dir / "web.0.log", dir / "moved.log");
  stack.supervisor().signal(SIGUSR1);
  REQUIRE(stack.command({"restart", "web.0"}).exit_code == 0);
  REQUIRE(file_has(dir / "web.0.log", "hello from web"));

  stack.write_config(misbehaving("web", {"--ready"},
                                 "log_file = \"" + (dir / "none" / "x.log").string() + "\"\n"));
  const auto refused = stack.command({"check-config"});
  INFO(refused.output);
  REQUIRE(refused.exit_code == 78);
  REQUIRE(refused.output.find("[program.web] log_file: the directory '" + (dir / "none").string() +
                              "' cannot be used: No such file or directory; create it") !=
          std::string::npos);
}

TEST_CASE("log_file: a directory that vanishes is told by an event, and the stack goes on") {
  TempDir dir;
  fs::create_directory(dir / "logs");
  Stack stack(misbehaving("web", {"--print", "hello", "--ready"},
                          "log_file = \"" + (dir / "logs" / "web.log").string() + "\"\n"),
              kNoPort);
  stack.wait_ready();
  REQUIRE(file_has(dir / "logs" / "web.log", "hello"));
  fs::remove_all(dir / "logs");
  stack.supervisor().signal(SIGUSR1);
  REQUIRE(stack.command({"restart", "web"}).exit_code == 0);
  REQUIRE(stack.wait_event("log_file", "is losing lines: No such file or directory"));
  REQUIRE(Stack::sum_of(stack.metrics(), "holdfast_log_file_lines_dropped_total",
                        "program=\"web\"") >= 1);
  REQUIRE(stack.state_of("web.0") == "ready");
}
