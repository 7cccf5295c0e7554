// SPDX-License-Identifier: Apache-2.0
// Programs that are not Holdfast's own get what is theirs and nothing else: no descriptor that they
// did not ask for, and no secret of the stack.
#include "tests/support/catch.hpp"
#include "tests/support/launched.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

#include <filesystem>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::map<std::string, std::string> with_secrets() {
  auto environment = kNoPort;
  environment["DATABASE_URL"] = "sqlite:////tmp/not-opened.db";
  environment["REDIS_URL"] = "redis://:hunter2@127.0.0.1:1/0";
  environment["STRIPE_API_KEY"] = "hunter2";
  environment["PLAIN"] = "seen";
  return environment;
}

bool prints(Stack& stack, const std::string& text) {
  return wait_until([&] { return stack.supervisor().output().find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("a foreign program is handed the sockets that it names, and nothing of Holdfast's") {
  Stack stack(
      "[log]\nformat = \"json\"\n\n[listen.http]\naddress = \"127.0.0.1:0\"\n\n" +
          misbehaving("web", {"--print-fds", "--print-env", "--ready"}, "sockets = [\"http\"]\n"),
      with_secrets());
  stack.wait_ready();
  CHECK(prints(stack, "[0,1,2,3]"));
  CHECK(prints(stack, "LISTEN_FDNAMES=http"));
  CHECK(prints(stack, "PLAIN=seen"));
  const std::string output = stack.supervisor().output();
  CHECK(output.find("DATABASE_URL") == std::string::npos);
  CHECK(output.find("REDIS_URL") == std::string::npos);
  CHECK(output.find("hunter2") == std::string::npos);
}

TEST_CASE("a foreign program that asks gets its telemetry socket and the secrets that it names") {
  Stack stack("[log]\nformat = \"json\"\n\n" +
                  misbehaving("web", {"--print-fds", "--print-env", "--ready"},
                              "metrics = \"socket\"\ninherit = [\"DATABASE_URL\", \"STRIPE_*\"]\n"),
              with_secrets());
  stack.wait_ready();
  CHECK(prints(stack, "[0,1,2,3]"));
  CHECK(prints(stack, "LISTEN_FDNAMES=telemetry"));
  CHECK(prints(stack, "DATABASE_URL=sqlite:"));
  CHECK(prints(stack, "STRIPE_API_KEY="));
  CHECK(stack.supervisor().output().find("REDIS_URL") == std::string::npos);
}

TEST_CASE("a Unix listener whose file was removed is reached again, and that is told") {
  const TempDir dir;
  const std::filesystem::path file = dir / "web.sock";
  Stack stack("[listen.web]\naddress = \"unix:" + file.string() + "\"\n\n" +
                  misbehaving("web", {"--ready"}, "sockets = [\"web\"]\n"),
              kNoPort);
  stack.wait_ready();
  const pid_t first = stack.pid_of("web.0");
  std::filesystem::remove(file);
  CHECK(stack.wait_event("listener_reopened", "the file of the listener 'web' was removed"));
  CHECK(std::filesystem::is_socket(file));
  // It has the former socket, so it is replaced.
  CHECK(wait_until([&] {
    const pid_t now = stack.pid_of("web.0");
    return now > 0 && now != first && stack.state_of("web.0") == "ready";
  }));
  stack.supervisor().signal(SIGTERM);
  CHECK(wait_until([&] { return !std::filesystem::exists(file); }));
}

TEST_CASE("stock gunicorn serves the socket that it was handed") {
  if (find_program("gunicorn").empty()) {
    WARN("not tested: gunicorn is not installed");
    return;
  }
  Stack stack("[listen.http]\naddress = \"127.0.0.1:0\"\n\n[program.web]\n" +
                  command_of({"gunicorn", "--workers", "2", "wsgi_application:application"}) +
                  "sockets = [\"http\"]\nstop_scope = \"main\"\nwatchdog = \"0s\"\ndirectory = \"" +
                  WSGI_DIRECTORY + "\"\nenvironment = { PYTHONDONTWRITEBYTECODE = \"1\" }\n",
              with_secrets());
  stack.wait_ready();
  const auto answer = stack.get("/");
  REQUIRE(answer.status == 200);
  CHECK(answer.body.find("PLAIN\n") != std::string::npos);
  for (const char* secret : {"DATABASE_URL", "REDIS_URL", "STRIPE_API_KEY"}) {
    INFO(secret);
    CHECK(answer.body.find(secret) == std::string::npos);
  }
  CHECK(stack.worker("web.0").value("restarts", 1) == 0);
  // It takes over without a refused connection, as any program with an inherited socket.
  CHECK(stack.command({"restart", "web"}).exit_code == 0);
  CHECK(stack.get("/").status == 200);
}
