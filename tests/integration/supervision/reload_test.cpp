// SPDX-License-Identifier: Apache-2.0
// SIGHUP and `holdfast reload`: everything is checked first, and only what changed is touched.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

TEST_CASE("a reload starts what was added, stops what was removed and leaves the rest alone") {
  Stack stack(misbehaving("kept", {"--ready"}) + misbehaving("gone", {"--ready"}), kNoPort);
  stack.wait_ready();
  const pid_t kept = stack.pid_of("kept.0");
  stack.write_config(misbehaving("kept", {"--ready"}) + misbehaving("added", {"--ready"}));
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 0);
  REQUIRE(answer.output.find("added") != std::string::npos);
  REQUIRE(answer.output.find("gone") != std::string::npos);
  REQUIRE(stack.wait_state("added.0", "ready"));
  REQUIRE(wait_until([&] { return stack.worker("gone.0").empty(); }));
  REQUIRE(stack.pid_of("kept.0") == kept);
}

TEST_CASE("a changed command is applied by a rolling restart, a changed threshold without one") {
  Stack stack(misbehaving("web", {"--ready"}) + misbehaving("db", {"--ready"}), kNoPort);
  stack.wait_ready();
  const pid_t web = stack.pid_of("web.0");
  const pid_t db = stack.pid_of("db.0");
  stack.write_config(misbehaving("web", {"--print", "second version", "--ready"}) +
                     misbehaving("db", {"--ready"}, "stop_timeout = \"3s\"\n"));
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  REQUIRE(wait_until([&] {
    const pid_t now = stack.pid_of("web.0");
    return now != web && now > 0 && stack.state_of("web.0") == "ready";
  }));
  REQUIRE(stack.pid_of("db.0") == db);
}

TEST_CASE("an invalid file changes nothing and is reported, by command and by SIGHUP") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const pid_t before = stack.pid_of("web.0");
  stack.write_config("[program.web]\ncomand = [\"sleep\"]\n");
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 1);
  REQUIRE(answer.output.find("comand") != std::string::npos);
  REQUIRE(stack.pid_of("web.0") == before);
  REQUIRE(Stack::sum_of(stack.metrics(), "holdfast_config_last_reload_successful") == 0);

  stack.write_config(misbehaving("web", {"--ready"}));
  stack.supervisor().signal(SIGHUP);
  REQUIRE(wait_until([&] {
    return Stack::sum_of(stack.metrics(), "holdfast_config_last_reload_successful") == 1;
  }));
  REQUIRE(stack.pid_of("web.0") == before);
}

TEST_CASE(
    "a changed section restarts the workers that read it, and a changed address moves the API") {
  Stack stack(default_stack());
  stack.wait_ready();
  const pid_t queue = stack.pid_of("queue-worker.0");
  const pid_t api = stack.pid_of("api-worker.0");
  const std::string old_address = stack.api();
  stack.write_config(default_stack("\n[http]\nmax_document_bytes = \"1KiB\"\n"));
  auto answer = stack.command({"reload"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 0);
  REQUIRE(answer.output.find("~ api-worker: [http] (rolling restart)") != std::string::npos);
  const json big{{"title", "t"}, {"content", std::string(5000, 'x')}};
  REQUIRE(wait_until([&] {
    return stack.pid_of("api-worker.0") != api && stack.pid_of("api-worker.1") != 0 &&
           stack.post_json("/api/documents", big).status == 413;
  }));
  REQUIRE(stack.pid_of("queue-worker.0") == queue);

  stack.write_config(default_stack("\n[http]\nmax_document_bytes = \"1KiB\"\n") +
                     "\n[listen.http]\naddress = \"127.0.0.2:0\"\n");
  REQUIRE(stack.command({"reload"}).exit_code == 1);  // the table stands there already
  stack.write_config(
      "[listen.http]\naddress = \"127.0.0.2:0\"\n[log]\nformat = \"json\"\nlevel = "
      "\"debug\"\n[http]\nmax_document_bytes = \"1KiB\"\n");
  answer = stack.command({"reload"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 0);
  REQUIRE(answer.output.find("[listen.http]") != std::string::npos);
  REQUIRE(wait_until([&] {
    return stack.api().starts_with("http://127.0.0.2:") &&
           http::fetch("GET", stack.api() + "/health", {}, "", {}).has_value();
  }));
  // The old address is given up when the last worker that served it has gone.
  REQUIRE(wait_until([&] { return !http::fetch("GET", old_address + "/health", {}, "", {}); }));
  REQUIRE(stack.pid_of("queue-worker.0") == queue);
}

TEST_CASE("a pipe in the place of an env_file keeps no reload waiting") {
  const TempDir dir;
  const std::filesystem::path file = dir / "web.env";
  std::ofstream(file) << "A=1\n";
  Stack stack(misbehaving("web", {"--ready"}, "env_file = \"" + file.string() + "\"\n"), kNoPort);
  stack.wait_ready();
  std::filesystem::remove(file);
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  const auto refused = stack.command({"reload"});
  INFO(refused.output);
  CHECK(refused.exit_code == 1);
  CHECK(refused.output.find("'" + file.string() + "' is not a regular file") != std::string::npos);
  CHECK(stack.state_of("web.0") == "ready");
}

TEST_CASE(
    "a changed env_file is a change for a reload, and a crash before it does not pick it up") {
  const TempDir dir;
  const std::filesystem::path file = dir / "web.env";
  const auto write = [&](const std::string& text) { std::ofstream(file, std::ios::trunc) << text; };
  write("EF_MARK='one\nand a half'\n");
  const auto program =
      misbehaving("web", {"--print-env", "--ready"}, "env_file = \"" + file.string() + "\"\n");
  Stack stack(program + misbehaving("other", {"--ready"}), kNoPort);
  stack.wait_ready();
  const auto environment = [&] {
    std::ifstream in("/proc/" + std::to_string(stack.pid_of("web.0")) + "/environ");
    const std::string all{std::istreambuf_iterator<char>(in), {}};
    const auto at = all.find("EF_MARK=");
    return at == std::string::npos ? all : std::string(all.c_str() + at);
  };
  REQUIRE(environment() == "EF_MARK=one\nand a half");

  write("EF_MARK='half of a cha");
  const pid_t first = stack.pid_of("web.0");
  signal_process(first, SIGKILL);
  REQUIRE(wait_until([&] {
    const pid_t now = stack.pid_of("web.0");
    return now > 0 && now != first && stack.state_of("web.0") == "ready";
  }));
  REQUIRE(environment() == "EF_MARK=one\nand a half");
  const auto refused = stack.command({"reload"});
  INFO(refused.output);
  REQUIRE(refused.exit_code == 1);
  REQUIRE(refused.output.find(file.string() + ":1: the value has no closing '") !=
          std::string::npos);

  write("EF_MARK=two\n");
  const pid_t second = stack.pid_of("web.0");
  const pid_t other = stack.pid_of("other.0");
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 0);
  REQUIRE(answer.output.find("~ web: contents of env_file (rolling restart)") != std::string::npos);
  REQUIRE(answer.output.find("two") == std::string::npos);  // it may be a secret
  REQUIRE(wait_until([&] {
    const pid_t now = stack.pid_of("web.0");
    return now > 0 && now != second && stack.state_of("web.0") == "ready";
  }));
  REQUIRE(environment() == "EF_MARK=two");
  REQUIRE(stack.pid_of("other.0") == other);
  REQUIRE(stack.command({"reload"}).output.find("web") == std::string::npos);
}

TEST_CASE("one reload, one outcome: after a failed migration what serves stays, and all is told") {
  const auto config = [](const std::string& version, const std::string& code) {
    return "[program.mig]\ntype = \"oneshot\"\n" +
           command_of({"/bin/sh", "-c", "true " + version + "; exit " + code}) +
           misbehaving("api", {"--print", version, "--ready"}, "after = [\"mig\"]\n");
  };
  Stack stack(config("v1", "0"), kNoPort);
  stack.wait_ready();
  const pid_t api = stack.pid_of("api.0");
  stack.write_config(config("v2", "3"));
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 1);
  REQUIRE(answer.output.find("exit 3") != std::string::npos);
  REQUIRE(answer.output.find("api: given up, because mig has failed") != std::string::npos);
  REQUIRE(stack.pid_of("api.0") == api);
  REQUIRE(stack.state_of("mig.0") == "failed");
  const json status = stack.status();
  CHECK(status["ready"] == true);
  CHECK(status["state"] == "degraded");
  CHECK(status["last_reload_ok"] == false);
  CHECK(status["last_reload_error"].get<std::string>().find("mig (command)") != std::string::npos);
  CHECK(status["alerts"].dump().find("HoldfastReloadFailed") != std::string::npos);
  for (const json& program : status["programs"])
    CHECK(program["differs"] == json::array({"command"}));
  const auto table = stack.command({"status"});
  CHECK(table.exit_code == 1);
  CHECK(table.output.find("what runs differs from the file in mig (command), api (command)") !=
        std::string::npos);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_config_last_reload_successful") == 0);

  stack.write_config(config("v3", "0"));
  const auto repaired = stack.command({"reload"});
  INFO(repaired.output);
  REQUIRE(repaired.exit_code == 0);
  REQUIRE(stack.pid_of("api.0") != api);
  REQUIRE(stack.state_of("mig.0") == "done");
  REQUIRE(stack.status()["state"] == "ready");
}

TEST_CASE("one reload, one outcome: a failed roll fails it; stop and start use what was accepted") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const pid_t before = stack.pid_of("web.0");
  stack.write_config("[program.web]\n" + command_of({"/bin/sh", "-c", "exit 7"}));
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 1);
  REQUIRE(answer.output.find("exit 7") != std::string::npos);
  REQUIRE(stack.pid_of("web.0") == before);
  REQUIRE(stack.command({"stop", "web"}).exit_code == 0);
  const auto started = stack.command({"start", "web"});
  REQUIRE(started.exit_code == 1);
  REQUIRE(started.output.find("exit 7") != std::string::npos);
}

TEST_CASE("a reload where the supervisor's working directory was removed ends nothing") {
  TempDir dir;
  const auto gone = dir / "gone";
  std::filesystem::create_directory(gone);
  const std::string toml = misbehaving("web", {"--ready"});
  Stack stack(toml, kNoPort,
              {"/bin/sh", "-c",
               "cd " + gone.native() + " && exec " + (bin_dir() / "holdfast").native() +
                   " --config ../holdfast.toml run"});
  // The file by a path that resolves as long as the directory is open, whoever has removed it.
  std::filesystem::create_symlink(stack.config_file(), dir / "holdfast.toml");
  stack.start();
  stack.wait_ready();
  std::filesystem::remove(gone);
  const pid_t before = stack.pid_of("web.0");
  for (const char* extra : {"stop_timeout = \"3s\"\n", "stop_timeout = \"4s\"\n"}) {
    stack.write_config(misbehaving("web", {"--ready"}, extra));
    const auto answer = stack.command({"reload"});
    INFO(answer.output);
    REQUIRE(answer.exit_code == 0);
  }
  REQUIRE(stack.pid_of("web.0") == before);
}
