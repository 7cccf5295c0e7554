// SPDX-License-Identifier: Apache-2.0
// Real units: those that are installed on this machine, whichever they are.
#include "common/os/file.hpp"
#include "supervisor/import/systemd_unit.hpp"
#include "tests/unit/import/support.hpp"

namespace holdfast::supervisor::importer {

namespace {

namespace fs = std::filesystem;

// The first word that systemd would run, without its prefixes; empty if there is none.
std::string first_word(const std::string& text) {
  const auto at = text.find("\nExecStart=");
  if (at == std::string::npos) return {};
  const std::size_t start = text.find_first_not_of("-@:+! ", at + 11);
  return start == std::string::npos ? ""
                                    : text.substr(start, text.find_first_of(" \n", start) - start);
}

}  // namespace

TEST_CASE("every service unit of this machine is imported to a file that loads") {
  int units = 0;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator("/lib/systemd/system", ignored)) {
    if (entry.path().extension() != ".service" || !entry.is_regular_file(ignored)) continue;
    const auto text = read_file(entry.path());
    if (!text || text->find("[Service]") == std::string::npos) continue;
    INFO(entry.path());
    Stack stack;
    REQUIRE(import_systemd_unit({entry.path(), *text}, nullptr, stack));
    const std::string command = first_word(*text);
    if (command.empty()) continue;  // there is nothing to run
    const Imported result = printed(stack);
    REQUIRE(result.config.programs.size() == 1);
    ++units;
    if (command.find_first_of("%$\"'") != std::string::npos) continue;
    const Words& argv = result.config.programs.front().command;
    const bool through_shell = argv.front() == "sh";
    CHECK((through_shell ? argv.back().find("exec " + command) == 0 : argv.front() == command));
  }
  if (units == 0) WARN("not tested: no service units are installed");
}

}  // namespace holdfast::supervisor::importer
