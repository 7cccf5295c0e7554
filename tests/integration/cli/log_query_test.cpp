// SPDX-License-Identifier: Apache-2.0
// holdfast logs with a time, a level, a text or a request: over rotated files, over memory, and
// without a supervisor.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

const std::map<std::string, std::string> kJsonLog{{"PORT", "0"}, {"LOG_FORMAT", "json"}};

std::string speaking(const std::string& name, const std::string& script) {
  return "[program." + name + "]\n" + command_of({"/bin/sh", "-c", script}) +
         "ready = \"started\"\n\n";
}

std::ptrdiff_t count_lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

// The numbers after "number " in the lines, in order.
std::vector<int> numbers_in(const std::string& text) {
  std::vector<int> numbers;
  constexpr std::string_view kWord = "number ";
  for (auto at = text.find(kWord); at != std::string::npos; at = text.find(kWord, at + 1))
    numbers.push_back(std::stoi(text.substr(at + kWord.size())));
  return numbers;
}

}  // namespace

TEST_CASE("logs shows what is asked for: a level, a text, a request, whoever's lines they are") {
  Stack stack(speaking("web", R"(echo '{\"level\":30,\"msg\":\"in\",\"reqId\":\"r-1\"}';)"
                              R"( echo '{\"level\":50,\"msg\":\"bad\",\"reqId\":\"r-1\"}';)"
                              R"( echo '{\"level\":50,\"msg\":\"other\",\"reqId\":\"r-2\"}';)"
                              R"( exec sleep 1000)") +
                  speaking("job", "echo 'ERROR:root:cannot request_id=r-1'; exec sleep 1000"),
              kJsonLog);
  stack.wait_ready();
  REQUIRE(wait_until([&] {
    const std::string all = stack.command({"logs", "-n", "1000"}).output;
    return all.find("other") != std::string::npos && all.find("cannot") != std::string::npos;
  }));
  const auto request = stack.command({"logs", "--request-id", "r-1"});
  CHECK(request.exit_code == 0);
  CHECK(count_lines(request.output) == 3);
  CHECK(request.output.find("cannot") != std::string::npos);
  const auto errors = stack.command({"logs", "web", "--level", "error"}).output;
  CHECK(count_lines(errors) == 2);
  CHECK(count_lines(stack.command({"logs", "--grep", "\"msg\":\"(in|bad)\""}).output) == 2);
  CHECK(count_lines(stack.command({"logs", "web", "--level", "error", "-n", "1"}).output) == 1);
  CHECK(stack.command({"logs", "web", "--since", "1h"}).output.find("other") != std::string::npos);
  CHECK(stack.command({"logs", "web", "--until", "1h"}).output.empty());
}

TEST_CASE("logs refuses what it does not understand, and says why") {
  Stack stack(speaking("web", "exec sleep 1000"), kJsonLog);
  stack.wait_ready();
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"logs", "--since", "yesterday"},
                                             {"logs", "--until", "10"},
                                             {"logs", "--grep", "("},
                                             {"logs", "--level", "loud"},
                                             {"logs", "wbe", "--level", "error"}}) {
    INFO(wrong.back() << " " << wrong[1]);
    const auto answer = stack.command(wrong);
    CHECK(answer.exit_code == 2);
    CHECK_FALSE(answer.output.empty());
  }
}

TEST_CASE("logs reads rotated files, follows through rotations, and needs no supervisor") {
  const TempDir dir;
  const std::string file = (dir / "stack.log").string();
  const std::string go = (dir / "go").string();
  const std::string filler(900, 'x');
  const std::string numbers = "i=0; while [ $i -lt 400 ]; do echo number $i " + filler +
                              "; i=$((i+1)); done; until [ -e " + go +
                              " ]; do sleep 0.05; done; while [ $i -lt 800 ]; do echo number $i " +
                              filler + "; i=$((i+1)); done; echo all done; exec sleep 1000";
  Stack stack("[log]\nfile = \"" + file + "\"\nmax_size = \"64KiB\"\nmax_files = 100\n\n" +
                  speaking("web", numbers) + speaking("other", "echo hidden; exec sleep 1000"),
              kJsonLog);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return std::filesystem::exists(file + ".3"); }));
  Process follower({(bin_dir() / "holdfast").string(), "--config", stack.config_file().string(),
                    "logs", "-f", "--since", "1h", "web"},
                   {{"HOLDFAST_RUNTIME_DIR", stack.runtime_dir().string()}},
                   stack.file("followed"));
  REQUIRE(wait_until([&] { return numbers_in(follower.output()).size() >= 300; }));
  std::ofstream(go) << "\n";
  REQUIRE(wait_until([&] { return follower.output().find("all done") != std::string::npos; }));
  const std::vector<int> followed = numbers_in(follower.output());
  REQUIRE(followed.size() == 800);
  for (std::size_t i = 0; i < followed.size(); ++i)
    REQUIRE(followed[i] == static_cast<int>(i));
  CHECK(follower.output().find("hidden") == std::string::npos);
  follower.signal(SIGKILL);
  follower.wait();
  CHECK(numbers_in(stack.command({"logs", "web", "--grep", "number [0-9]+ "}).output).size() == 50);

  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
  const auto later = stack.command({"logs", "--grep", "number 77 "});
  CHECK(later.exit_code == 0);
  CHECK(numbers_in(later.output) == std::vector<int>{77});
  CHECK(stack.command({"logs"}).exit_code == 4);
}

TEST_CASE("logs reads the log files of the programs that are named, by the time of their lines") {
  const TempDir dir;
  Stack stack("[program.web]\n" +
                  command_of({"/bin/sh", "-c", "echo from $HOLDFAST_WORKER; exec sleep 1000"}) +
                  "ready = \"started\"\nreplicas = 2\nlog_file = \"" +
                  (dir / "{name}.log").string() + "\"\n",
              kJsonLog);
  stack.wait_ready();
  REQUIRE(wait_until([&] {
    const std::string text = stack.command({"logs", "web", "--since", "1h"}).output;
    return text.find("from web.0") != std::string::npos &&
           text.find("from web.1") != std::string::npos && count_lines(text) == 2;
  }));
  CHECK(count_lines(stack.command({"logs", "web.1", "--since", "1h"}).output) == 1);
}

TEST_CASE("no control character of a program comes out of logs or events, however it is asked") {
  const TempDir dir;
  const std::string file = (dir / "stack.log").string();
  Stack stack(
      "[log]\nfile = \"" + file + "\"\n\n" +
          speaking("evil", R"(printf 'evil \\033]0;owned\\007\\033[2J \\342\\200\\256x\\n';)"
                           R"( printf '{\"msg\":\"evil\",\"\\342\\200\\256k\":1}\\n';)"
                           R"( exec sleep 1000)"),
      kJsonLog);
  stack.wait_ready();
  REQUIRE(wait_until([&] {
    return count_lines(stack.command({"logs", "evil", "--grep", "evil"}).output) >= 2;
  }));
  // As if somebody else had written to the file.
  std::ofstream(file, std::ios::app)
      << "{\"time\":\"2026-11-29T10:00:00Z\",\"msg\":\"evil \x1b[2J\"}\n"
         "evil \x1b]0;owned\x07\n";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"logs"},
                                             {"logs", "--grep", "evil"},
                                             {"logs", "--grep", "evil", "--json"},
                                             {"events"},
                                             {"events", "--json"}}) {
    const std::string output = stack.command(arguments).output;
    INFO(output);
    CHECK(output.find('\x1b') == std::string::npos);
    CHECK(output.find('\x07') == std::string::npos);
    CHECK(output.find("\xe2\x80\xae") == std::string::npos);
  }
}
