// SPDX-License-Identifier: Apache-2.0
// `holdfast import`, and whether what it prints runs.
#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/stack.hpp"

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Printed {
  int code = 0;
  std::string output;
};

Printed holdfast_command(const TempDir& dir, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), (bin_dir() / "holdfast").string());
  Process process(arguments, {}, dir / "command.out");
  const int code = process.wait().value;
  return {code, process.output()};
}

}  // namespace

TEST_CASE("an imported file passes check-config and runs") {
  TempDir dir;
  std::ofstream(dir / "Procfile") << "release: test -d /\nweb: sleep 600\n"
                                     "piped: while true; do sleep 600; done | cat\n";
  std::ofstream(dir / ".env") << "A=1\n";
  REQUIRE(holdfast_command(dir, {"import", dir / "Procfile", "--output", dir / "out.toml"}).code ==
          0);
  const Printed checked = holdfast_command(dir, {"check-config", dir / "out.toml"});
  INFO(checked.output);
  REQUIRE(checked.code == 0);
  Stack stack(read_file(dir / "out.toml").value(), {{"PORT", "0"}});
  stack.wait_ready();
  REQUIRE(stack.state_of("web.0") == "ready");
  REQUIRE(stack.state_of("piped.0") == "ready");

  const Printed again =
      holdfast_command(dir, {"import", dir / "Procfile", "--output", dir / "out.toml"});
  REQUIRE(again.code == 1);
  REQUIRE(again.output.find("File exists") != std::string::npos);
}

TEST_CASE("supervisord's includes are followed, and every kind is recognized") {
  TempDir dir;
  std::filesystem::create_directory(dir / "conf.d");
  std::ofstream(dir / "supervisord.conf") << "[supervisord]\nnodaemon=true\n[include]\n"
                                             "files = conf.d/*.conf missing/*.conf\n";
  std::ofstream(dir / "conf.d" / "b.conf") << "[program:b]\r\ncommand=sleep 600\r\n";
  std::ofstream(dir / "conf.d" / "a.conf") << "[program:a]\ncommand=sleep 600\n";
  const Printed supervisord = holdfast_command(dir, {"import", dir / "supervisord.conf"});
  INFO(supervisord.output);
  REQUIRE(supervisord.code == 0);
  const auto a = supervisord.output.find("[program.a]\n");
  REQUIRE(a != std::string::npos);
  REQUIRE(supervisord.output.find("[program.b]\n", a) != std::string::npos);
  REQUIRE(supervisord.output.find("# not taken over: [include] missing/*.conf") !=
          std::string::npos);
  REQUIRE(supervisord.output.find("# Programs inherit no secrets") != std::string::npos);

  std::ofstream(dir / "ecosystem.config.js") << "module.exports = { apps: [{ name: 'x', script: "
                                                "'x.js' }] }\n";
  REQUIRE(holdfast_command(dir, {"import", dir / "ecosystem.config.js"})
              .output.find("command = [\"node\", ") != std::string::npos);
  std::ofstream(dir / "x.service") << "[Service]\nExecStart=/bin/sleep 600\n";
  REQUIRE(holdfast_command(dir, {"import", dir / "x.service"})
              .output.find("command = [\"/bin/sleep\", \"600\"]") != std::string::npos);
}

TEST_CASE("what cannot be imported is told with what to do") {
  TempDir dir;
  std::ofstream(dir / "notes.txt") << "hello\n";
  const Printed unknown = holdfast_command(dir, {"import", dir / "notes.txt"});
  REQUIRE(unknown.code == 1);
  REQUIRE(unknown.output.find("--from") != std::string::npos);
  const Printed empty = holdfast_command(dir, {"import", "--from", "procfile", dir / "notes.txt"});
  REQUIRE(empty.code == 1);
  REQUIRE(empty.output.find("starts no program") != std::string::npos);
  REQUIRE(holdfast_command(dir, {"import", dir / "missing"}).code == 1);
  REQUIRE(holdfast_command(dir, {"import", "--from", "cron", dir / "notes.txt"}).code == 2);
}

TEST_CASE("a timer and its service are imported together, whichever is named") {
  TempDir dir;
  std::ofstream(dir / "tidy.service") << "[Service]\nType=oneshot\nExecStart=/bin/true\n";
  std::ofstream(dir / "tidy.timer") << "[Timer]\nOnCalendar=*-*-* 04:10\nPersistent=yes\n";
  std::ofstream(dir / "nightly.timer") << "[Timer]\nOnCalendar=daily\nUnit=tidy.service\n";
  std::ofstream(dir / "lost.timer") << "[Timer]\nOnCalendar=daily\n";
  for (const char* file : {"tidy.service", "tidy.timer"}) {
    const Printed printed = holdfast_command(dir, {"import", dir / file});
    INFO(printed.output);
    REQUIRE(printed.code == 0);
    CHECK(printed.output.find("[program.tidy]") != std::string::npos);
    CHECK(printed.output.find("schedule = \"10 4 * * *\"") != std::string::npos);
    CHECK(printed.output.find("catch_up = true") != std::string::npos);
  }
  const Printed nightly = holdfast_command(dir, {"import", dir / "nightly.timer"});
  CHECK(nightly.output.find("schedule = \"0 0 * * *\"") != std::string::npos);
  const Printed lost = holdfast_command(dir, {"import", dir / "lost.timer"});
  CHECK(lost.code == 1);
  CHECK(lost.output.find("lost.service") != std::string::npos);
}

TEST_CASE("a unit is imported with its drop-ins") {
  TempDir dir;
  std::filesystem::create_directories(dir / "web@1.service.d");
  std::filesystem::create_directories(dir / "web@.service.d");
  std::ofstream(dir / "web@1.service") << "[Service]\nExecStart=/bin/false\nEnvironment=A=1 B=1\n";
  std::ofstream(dir / "web@.service.d" / "10-a.conf") << "[Service]\nEnvironment=B=2\n";
  std::ofstream(dir / "web@1.service.d" / "20-b.conf")
      << "[Service]\r\nExecStart=\r\nExecStart=/bin/sleep 600\r\n";
  std::filesystem::create_symlink("/dev/null", dir / "web@1.service.d" / "30-masked.conf");
  const Printed printed = holdfast_command(dir, {"import", dir / "web@1.service"});
  INFO(printed.output);
  REQUIRE(printed.code == 0);
  CHECK(printed.output.find("command = [\"/bin/sleep\", \"600\"]") != std::string::npos);
  CHECK(printed.output.find("environment = { A = \"1\", B = \"2\" }") != std::string::npos);
  CHECK(printed.output.find("# with " + (dir / "web@1.service.d" / "20-b.conf").string()) !=
        std::string::npos);
}

TEST_CASE("a file that is not UTF-8 or is YAML is refused with what to do") {
  TempDir dir;
  std::ofstream(dir / "a.service") << "[Unit]\nDescription=Caf\xE9\n[Service]\nExecStart=/bin/a\n";
  const Printed latin = holdfast_command(dir, {"import", dir / "a.service"});
  CHECK(latin.code == 1);
  CHECK(latin.output.find("line 2 is not UTF-8") != std::string::npos);
  std::ofstream(dir / "ecosystem.yml") << "apps:\n  - script: ./a.js\n";
  const Printed yaml = holdfast_command(dir, {"import", dir / "ecosystem.yml"});
  CHECK(yaml.code == 1);
  CHECK(yaml.output.find("becomes JSON first") != std::string::npos);
}
