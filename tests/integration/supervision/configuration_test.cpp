// SPDX-License-Identifier: Apache-2.0
// Holdfast's own workers run with the configuration that the supervisor has validated, whatever
// becomes of the file, of secret files and of their environment.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

#include <filesystem>
#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

void append(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::app) << text;
}

// Kills the worker and waits until another process serves in its slot.
bool comes_back(Stack& stack, const std::string& worker) {
  const pid_t before = stack.pid_of(worker);
  REQUIRE(before > 0);
  signal_process(before, SIGKILL);
  return wait_until([&] {
    const auto now = stack.worker(worker);
    return now.value("pid", 0) != before && now.value("state", "") == "ready";
  });
}

}  // namespace

TEST_CASE("after a refused reload, workers that crash come back with what was validated") {
  Stack stack(api_workers(2, "replace = \"overlap\"\n"), kNoPort);
  stack.wait_ready();
  append(stack.config_file(), "[http");
  const auto refused = stack.command({"reload"});
  INFO(refused.output);
  REQUIRE(refused.exit_code == 1);
  CHECK(comes_back(stack, "api-worker.0"));
  CHECK(comes_back(stack, "api-worker.1"));
  CHECK(stack.get("/live").status == 200);
  CHECK(stack.command({"restart", "api-worker"}).exit_code == 0);
}

TEST_CASE("a secret file and a configuration file that are gone stop no restart") {
  TempDir dir;
  const std::filesystem::path secret = dir / "database";
  std::ofstream(secret) << "sqlite://" << (dir / "secret.db").string() << '\n';
  auto environment = kNoPort;
  environment["DATABASE_URL_FILE"] = secret.string();
  Stack stack(api_workers(1), environment);
  stack.wait_ready();
  REQUIRE(std::filesystem::exists(dir / "secret.db"));
  std::filesystem::remove(secret);
  const std::string configuration = text_of(stack.config_file());
  std::filesystem::remove(stack.config_file());
  CHECK(comes_back(stack, "api-worker.0"));
  // A reload in between is refused, and changes nothing.
  std::ofstream(stack.config_file()) << configuration;
  CHECK(stack.command({"reload"}).exit_code == 1);
  CHECK(comes_back(stack, "api-worker.0"));
  CHECK(stack.get("/api/documents").status == 200);
}

TEST_CASE("the environment of a program's section does not change how its worker is configured") {
  Stack stack(api_workers(1,
                          "environment = { DATABASE_URL = \"nonsense\", LOG_LEVEL = \"loud\", "
                          "LIMIT = \"x\" }\n") +
                  "\n[http]\nmax_connections = \"${LIMIT:-77}\"\n",
              kNoPort);
  stack.wait_ready();
  CHECK(stack.get("/api/documents").status == 200);
  const auto checked = stack.command({"check-config", stack.config_file().string()});
  INFO(checked.output);
  CHECK(checked.output.find("DATABASE_URL does not reach") != std::string::npos);
  CHECK(checked.output.find("LOG_LEVEL does not reach") != std::string::npos);
}

TEST_CASE("a worker that refused its configuration is tried again by the reload that mends it") {
  // What only the program itself can find wrong: 78 is EX_CONFIG.
  TempDir dir;
  const std::string mended_file = (dir / "mended").string();
  const std::string script = "[ -e " + mended_file + " ] || exit 78; exec " +
                             (bin_dir() / "misbehave").string() + " --ready";
  Stack stack("[program.web]\n" + command_of({"/bin/sh", "-c", script}), kNoPort);
  REQUIRE(stack.wait_state("web.0", "failed"));
  const auto still = stack.command({"reload"});  // nothing was mended
  INFO(still.output);
  CHECK(still.exit_code == 1);
  CHECK(still.output.find("exit 78") != std::string::npos);
  std::ofstream(mended_file) << "";
  const auto mended = stack.command({"reload"});
  INFO(mended.output);
  CHECK(mended.exit_code == 0);
  CHECK(stack.state_of("web.0") == "ready");
}

TEST_CASE("a worker that a person starts reads the file") {
  Stack stack(api_workers(1), kNoPort);
  stack.wait_ready();
  TempDir dir;
  std::ofstream(dir / "own.toml") << "[http\n";
  Process alone({(bin_dir() / "holdfast-api-worker").string()},
                {{"HOLDFAST_CONFIG", (dir / "own.toml").string()}}, dir / "output");
  CHECK(alone.wait().shell_status() == 78);
  CHECK(alone.output().find("own.toml:1:") != std::string::npos);
}
