// SPDX-License-Identifier: Apache-2.0
// docs/api.md as a session: every command of the page, run in order against a real stack, answers
// what the page shows.
#include "tests/integration/docs/console.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

using namespace holdfast::test;

TEST_CASE("the commands of docs/api.md do what the page says") {
  std::ifstream page(HOLDFAST_SOURCE_DIR "/docs/api.md");
  std::vector<Command> commands = commands_of({std::istreambuf_iterator<char>(page), {}});
  REQUIRE(commands.size() > 30);
  // The page names the default port; here the kernel chooses one.
  REQUIRE(commands[0].text == "api=http://localhost:3000");
  Stack stack(default_stack());
  stack.wait_ready();
  commands[0].text = "api=" + stack.api();

  const auto outputs = run_commands(commands, "set -u", stack.file("").string());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    INFO("docs/api.md:" << commands[i].line << "\n$ " << commands[i].text << "\nshown:\n"
                        << commands[i].output << "\nis:\n"
                        << outputs[i]);
    CHECK(shows(commands[i].output, outputs[i]));
  }
}
