// SPDX-License-Identifier: Apache-2.0
// What becomes of real programs' stack traces, secrets and levels in the log of a real stack.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

const std::map<std::string, std::string> kAsJson{{"PORT", "0"}, {"LOG_FORMAT", "json"}};

std::vector<nlohmann::json> lines_of_worker(Stack& stack, const std::string& worker) {
  std::vector<nlohmann::json> result;
  const std::string output = stack.supervisor().output();
  for (std::size_t from = 0; from < output.size();) {
    const auto end = std::min(output.find('\n', from), output.size());
    std::string line = output.substr(from, end - from);
    if (line.starts_with('<')) line.erase(0, 3);
    auto parsed = nlohmann::json::parse(line, nullptr, false);
    if (parsed.is_object() && parsed.value("worker", "") == worker)
      result.push_back(std::move(parsed));
    from = end + 1;
  }
  return result;
}

std::string python(const std::string& name, const std::filesystem::path& script,
                   const std::string& more = "") {
  return "[program." + name + "]\n" + command_of({"python3", "-u", script.string()}) +
         "ready = \"started\"\nrestart = \"never\"\nrequired = false\n" + more + "\n";
}

}  // namespace

TEST_CASE("a real Python traceback is one record; multiline = \"off\" leaves its lines alone") {
  const TempDir dir;
  std::ofstream(dir / "fail.py") << "import logging\n"
                                    "def save():\n"
                                    "    try:\n"
                                    "        1 / 0\n"
                                    "    except ZeroDivisionError:\n"
                                    "        logging.exception('cannot save')\n"
                                    "        raise KeyError('x')\n"
                                    "print('before', flush=True)\n"
                                    "save()\n";
  Stack stack(
      python("joined", dir / "fail.py") + python("apart", dir / "fail.py", "multiline = \"off\"\n"),
      kAsJson);
  REQUIRE(wait_until([&] { return lines_of_worker(stack, "joined.0").size() >= 3; }));
  const auto lines = lines_of_worker(stack, "joined.0");
  REQUIRE(lines.size() == 3);
  std::vector<std::string> types;
  for (const auto& line : lines) {
    if (!line.contains("err")) {
      CHECK(line["msg"] == "before");
      continue;
    }
    CHECK(line["level"] == "error");
    CHECK(line["err"]["stack"].get<std::string>().find("in save") != std::string::npos);
    types.push_back(line["err"]["type"]);
  }
  CHECK(types == std::vector<std::string>{"ZeroDivisionError", "KeyError"});
  REQUIRE(wait_until([&] {
    const auto apart = lines_of_worker(stack, "apart.0");
    return !apart.empty() && std::any_of(apart.begin(), apart.end(), [](const auto& line) {
      return line["msg"] == "KeyError: 'x'";
    });
  }));
  CHECK(lines_of_worker(stack, "apart.0").size() > 10);
}

TEST_CASE("log.redact hides members of foreign lines, and a reload applies another list at once") {
  const TempDir dir;
  std::ofstream(dir / "talk.py")
      << "import json, time\n"
         "while True:\n"
         "    print(json.dumps({'level': 30, 'msg': 'm', 'user': {'email': 'a@b', 'id': 'u1'},\n"
         "                      'req': {'headers': {'Authorization': 'Bearer x'}}}), flush=True)\n"
         "    time.sleep(0.05)\n";
  const auto config = [&](const std::string& paths) {
    return "[log]\nredact = " + paths + "\n\n" + python("web", dir / "talk.py");
  };
  Stack stack(config("[\"user.email\"]"), kAsJson);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return lines_of_worker(stack, "web.0").size() > 1; }));
  const auto first = lines_of_worker(stack, "web.0").front();
  CHECK(first["user"]["email"] == "[Redacted]");
  CHECK(first["user"]["id"] == "u1");
  CHECK(first["req"]["headers"]["Authorization"] == "[Redacted]");
  stack.write_config(config("[\"user.id\"]"));
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  CHECK(wait_until([&] {
    const auto last = lines_of_worker(stack, "web.0").back();
    return last["user"]["id"] == "[Redacted]" && last["user"]["email"] == "a@b";
  }));
  stack.write_config(config("[\"user..id\"]"));
  const auto refused = stack.command({"reload"});
  CHECK(refused.exit_code == 1);
  CHECK(refused.output.find("'user..id' is not a path") != std::string::npos);
}

TEST_CASE("where standard output is the journal, each line begins with its priority") {
  const TempDir dir;
  std::ofstream(dir / "talk.py") << "import sys, time\n"
                                    "print('ERROR:root:no route', file=sys.stderr, flush=True)\n"
                                    "print('hello', flush=True)\n"
                                    "time.sleep(1000)\n";
  const std::string holdfast = (bin_dir() / "holdfast").string();
  Stack journal(python("web", dir / "talk.py"), kAsJson,
                {"/bin/sh", "-c",
                 "JOURNAL_STREAM=$(stat -L -c %d:%i /proc/$$/fd/1); export JOURNAL_STREAM; exec '" +
                     holdfast + "' run"});
  journal.wait_ready();
  const auto begins = [](Stack& stack, const std::string& priority, const std::string& text) {
    const std::string output = stack.supervisor().output();
    const auto at = output.find(text);
    if (at == std::string::npos) return false;
    const auto begin = output.rfind('\n', at) + 1;
    return output.substr(begin).starts_with(priority + "{");
  };

  const bool prefixed = wait_until(
      [&] { return begins(journal, "<3>", "no route") && begins(journal, "<6>", "\"hello\""); });
  INFO(journal.supervisor().output());
  CHECK(prefixed);
  Stack plain(python("web", dir / "talk.py"), kAsJson);
  plain.wait_ready();
  CHECK(wait_until([&] { return begins(plain, "", "no route"); }));
  Stack forced("[log]\npriorities = \"on\"\n\n" + python("web", dir / "talk.py"), kAsJson);
  forced.wait_ready();
  CHECK(wait_until([&] { return begins(forced, "<3>", "no route"); }));
}
