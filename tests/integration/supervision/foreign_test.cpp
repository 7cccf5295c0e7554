// SPDX-License-Identifier: Apache-2.0
// Programs that know nothing of Holdfast.
#include "tests/support/catch.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/programs.hpp"

#include <fstream>
#include <map>
#include <sstream>

using namespace holdfast;
using namespace holdfast::test;

TEST_CASE("a plain command is ready when it is running") {
  Stack stack("[program.plain]\n" + command_of({"sleep", "600"}) + "ready = \"started\"\n",
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.state_of("plain.0") == "ready");
}

TEST_CASE("a log line that matches makes a program ready") {
  Stack stack("[program.server]\n" +
                  command_of({"/bin/sh", "-c", "echo booting; echo listening on 80; sleep 600"}) +
                  "ready_log = \"listening on [0-9]+\"\n",
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.state_of("server.0") == "ready");
}

TEST_CASE("an HTTP probe makes a program ready once it answers 2xx") {
  const TempDir dir;
  const std::string port = free_port();
  std::ofstream(dir / "status") << "503";
  Stack stack("[program.probed]\n" +
                  command_of({"python3", SERVER_PY, port, "v1", (dir / "status").string()}) +
                  "ready = \"http://127.0.0.1:" + port +
                  "/\"\nready_interval = \"20ms\"\nmetrics = \"off\"\n",
              kNoPort);
  REQUIRE(wait_until([&] {
    return stack.worker("probed.0").value("last_error", "").find("answered 503") !=
           std::string::npos;
  }));
  REQUIRE(stack.state_of("probed.0") == "starting");
  std::filesystem::remove(dir / "status");
  stack.wait_ready();
  REQUIRE(stack.state_of("probed.0") == "ready");
}

TEST_CASE("plain output becomes JSON lines that name the worker") {
  Stack stack("[log]\nformat = \"json\"\n\n[program.talker]\n" +
                  command_of({"/bin/sh", "-c", "echo 'hello \\\"there\\\"'; sleep 600"}) +
                  "ready = \"started\"\n",
              kNoPort);
  const bool labelled = wait_until([&] {
    const std::string output = stack.supervisor().output();
    const auto at = output.find("hello \\\"there\\\"");
    if (at == std::string::npos) return false;
    const auto begin = output.rfind('\n', at) + 1;
    const auto line = output.substr(begin, output.find('\n', at) - begin);
    const auto parsed = nlohmann::json::parse(line, nullptr, false);
    return parsed.is_object() && parsed["worker"] == "talker.0" && parsed["pid"].is_number();
  });
  INFO(stack.supervisor().output());
  REQUIRE(labelled);
}

TEST_CASE("foreign JSON: every line of the log is JSON with our keys, whatever programs write") {
  TempDir dir;
  {
    FILE* file = std::fopen((dir / "lines").c_str(), "w");
    std::fputs(
        "{\"user\"=>\"x\"}\n"
        "{\"level\":30,\"time\":1700000000123,\"pid\":7,\"hostname\":\"h\",\"msg\":\"pino\"}\n"
        "{\"level\":20,\"time\":1700000000123,\"msg\":\"too quiet\"}\n"
        "{\"event\":\"structlog\",\"level\":\"warning\",\"worker\":\"w9\"}\n",
        file);
    std::fclose(file);
  }
  Stack stack(
      "[log]\nformat = \"json\"\nlevel = \"info\"\n\n[program.talker]\n" +
          command_of({"/bin/sh", "-c",
                      "cat " + (dir / "lines").string() + "; echo traceback >&2; sleep 600"}) +
          "ready = \"started\"\nstderr_level = \"error\"\n",
      kNoPort);
  std::map<std::string, nlohmann::json> lines;  // of the program, by a word in them
  const bool all = wait_until([&] {
    std::istringstream output(stack.supervisor().output());
    for (std::string line; std::getline(output, line);) {
      if (output.eof()) break;  // not written to its end yet
      const auto parsed = nlohmann::json::parse(line, nullptr, false);
      if (!parsed.is_object()) FAIL("not JSON: " + line);
      if (parsed.value("worker", "") != "talker.0") continue;
      for (const char* word : {"user", "pino", "too quiet", "structlog", "traceback"}) {
        if (line.find(word) != std::string::npos) lines[word] = parsed;
      }
    }
    return lines.count("user") + lines.count("structlog") + lines.count("traceback") == 3;
  });
  INFO(stack.supervisor().output());
  REQUIRE(all);
  CHECK(lines["user"]["msg"] == "{\"user\"=>\"x\"}");
  CHECK(lines["pino"]["time"] == "2023-11-14T22:13:20.123Z");
  CHECK(lines["pino"]["level"] == "info");
  CHECK(lines["pino"]["app_pid"] == 7);
  CHECK(lines["structlog"]["level"] == "warn");
  CHECK(lines["structlog"]["app_worker"] == "w9");
  CHECK(lines["traceback"]["level"] == "error");
  CHECK(lines.count("too quiet") == 0);
}

TEST_CASE("the child sees its descriptors, its variables and no others of the supervisor's") {
  Stack stack("[log]\nformat = \"json\"\n\n" +
                  misbehaving("inspect", {"--print-fds", "--ready"}, "metrics = \"off\"\n"),
              kNoPort);
  stack.wait_ready();
  REQUIRE(
      wait_until([&] { return stack.supervisor().output().find("[0,1,2]") != std::string::npos; }));
}

TEST_CASE("environment, env_file and working directory reach the program") {
  TempDir dir;
  {
    FILE* file = std::fopen((dir / "env").c_str(), "w");
    std::fputs("# a comment\nFROM_FILE=\"two words\"\nBOTH=file\n", file);
    std::fclose(file);
  }
  Stack stack(
      "[log]\nformat = \"json\"\n\n[program.env]\n" +
          command_of({"/bin/sh", "-c",
                      "echo \\\"is:$FROM_FILE:$BOTH:$PWD:$HOLDFAST_WORKER\\\"; sleep 600"}) +
          "ready = \"started\"\nenv_file = \"" + (dir / "env").string() + "\"\ndirectory = \"" +
          dir.path().string() + "\"\nenvironment = { BOTH = \"table\" }\n",
      kNoPort);
  const std::string expected = "is:two words:table:" + dir.path().string() + ":env.0";
  REQUIRE(
      wait_until([&] { return stack.supervisor().output().find(expected) != std::string::npos; }));
}

TEST_CASE("each worker of a program gets its own slot, name and port") {
  Stack stack(
      "[program.web]\n" +
          command_of({"/bin/sh", "-c",
                      "echo is:{slot}:{name}:{port}:$ID:$HOLDFAST_SLOT:$${port}.; sleep 600"}) +
          "ready = \"started\"\nreplicas = 2\nport = 9000\n"
          "environment = { ID = \"id-{slot}\" }\n",
      kNoPort);
  for (const char* expected : {"is:0:web.0:9000:id-0:0:.", "is:1:web.1:9001:id-1:1:."}) {
    INFO(expected);
    REQUIRE(wait_until(
        [&] { return stack.supervisor().output().find(expected) != std::string::npos; }));
  }
  REQUIRE(stack.command({"scale", "web", "3"}).exit_code == 0);
  REQUIRE(wait_until([&] {
    return stack.supervisor().output().find("is:2:web.2:9002:id-2:2:.") != std::string::npos;
  }));
}

TEST_CASE("the readiness of a worker with a port of its own is probed at that port") {
  if (find_program("python3").empty()) {
    WARN("not tested: a server with a port of its own, which is a Python program here");
    return;
  }
  Stack stack("[program.web]\n" +
                  command_of({"python3", "-m", "http.server", "--bind", "127.0.0.1", "{port}"}) +
                  "ready = \"http://127.0.0.1:{port}\"\nmetrics = \"off\"\nport = " + free_port() +
                  "\n",
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.state_of("web.0") == "ready");
}

TEST_CASE("a program has the niceness and the OOM score that it was given") {
  Stack stack("[program.web]\n" +
                  command_of({"/bin/sh", "-c",
                              "echo is:$(nice):$(cat /proc/self/oom_score_adj).; sleep 600"}) +
                  "ready = \"started\"\nnice = 15\noom_score_adj = 900\n",
              kNoPort);
  REQUIRE(wait_until(
      [&] { return stack.supervisor().output().find("is:15:900.") != std::string::npos; }));
}
