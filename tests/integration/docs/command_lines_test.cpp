// SPDX-License-Identifier: Apache-2.0
// Every command of Holdfast's programs that a page quotes is one that the program understands: its
// name, its options and what it requires. Each is run where there is no configuration and no
// supervisor, so that it goes no further than that.
#include "tests/integration/docs/command_lines.hpp"

#include "common/os/exit_codes.hpp"
#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <map>

using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

namespace {

std::vector<fs::path> pages() {
  const fs::path root = HOLDFAST_SOURCE_DIR;
  std::vector<fs::path> found{root / "README.md", root / "CONTRIBUTING.md", root / "SECURITY.md"};
  for (const char* folder : {"docs", "examples"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      // Records of decisions quote what there was.
      if (entry.path().extension() == ".md" && entry.path().parent_path().filename() != "adr")
        found.push_back(entry.path());
    }
  }
  return found;
}

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

// Understood is also what is refused for another reason than its words.
Finished answer_to(const Words& words, const fs::path& nowhere) {
  Words argv = words;
  argv[0] = (bin_dir() / words[0]).string();
  return run_program(argv, {.environment = {{"HOLDFAST_CONFIG", nowhere / "none.toml"},
                                            {"HOLDFAST_RUNTIME_DIR", nowhere.string()},
                                            {"HOLDFAST_STATE_DIR", nowhere.string()}},
                            .directory = nowhere});
}

}  // namespace

TEST_CASE("the commands of a shell line are found, and their words") {
  CHECK(holdfast_commands("holdfast logs --grep 'a (b|c)' # why; holdfast stop") ==
        std::vector<Words>{{"holdfast", "logs", "--grep", "a (b|c)"}});
  CHECK(holdfast_commands("kill -9 1; until holdfast health --ready 2>/dev/null; do x; done") ==
        std::vector<Words>{{"holdfast", "health", "--ready"}});
  CHECK(holdfast_commands("docker compose exec holdfast holdfast status | grep 1") ==
        std::vector<Words>{{"holdfast", "status"}});
  CHECK(holdfast_commands("runuser -u holdfast -- holdfast-queue-worker check") ==
        std::vector<Words>{{"holdfast-queue-worker", "check"}});
  CHECK(holdfast_commands("systemctl restart holdfast").empty());
  CHECK(holdfast_commands("pg_dump -U holdfast -Fc holdfast > holdfast.dump").empty());
}

TEST_CASE("the commands of a page are found in blocks and in its text") {
  const auto found = quoted_commands(
      "`holdfast stop`, `holdfast logs [-f]`\n```console\n$ holdfast a \\\n  b\nholdfast out\n"
      "```\n```sh\nholdfast c\n```\n```toml\nholdfast d\n```\n");
  REQUIRE(found.size() == 3);
  CHECK(found[0].in_text);
  CHECK(found[1].line == 3);
  CHECK(found[1].words == Words{"holdfast", "a", "b"});
  CHECK(found[2].words == Words{"holdfast", "c"});
}

TEST_CASE("every command that the documents quote is understood") {
  const TempDir nowhere;
  std::map<Words, Finished> answers;
  int quoted = 0;
  for (const fs::path& page : pages()) {
    const auto text = read_file(page);
    REQUIRE(text);
    for (const Quoted& command : quoted_commands(*text)) {
      ++quoted;
      auto known = answers.find(command.words);
      if (known == answers.end())
        known = answers.emplace(command.words, answer_to(command.words, nowhere.path())).first;
      const auto& [ended, output] = known->second;
      INFO(page.string() << ":" << command.line << ": " << joined(command.words) << "\n" << output);
      if (command.in_text) {
        CHECK(output.find("not expected") == std::string::npos);
        CHECK(output.find("there is no command") == std::string::npos);
      } else {
        CHECK(ended.shell_status() != exit_code::kUsage);
      }
    }
  }
  CHECK(quoted > 200);
  CHECK(fs::is_empty(nowhere.path()));
}
