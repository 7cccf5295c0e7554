// SPDX-License-Identifier: Apache-2.0
// What the command line says of words that it does not know.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Answer {
  int exit_code = -1;
  std::string output;
};

Answer holdfast_with(std::vector<std::string> words) {
  const TempDir dir;
  words.insert(words.begin(), bin_dir() / "holdfast");
  Process process(words, {}, dir / "output");
  const int exit_code = process.wait().value;
  return {exit_code, process.output()};
}

}  // namespace

TEST_CASE("a command that does not exist is named, with the one that was meant") {
  const Answer answer = holdfast_with({"restrat", "web"});
  CHECK(answer.exit_code == 2);
  CHECK(answer.output.find("there is no command 'restrat'; did you mean 'restart'?") !=
        std::string::npos);
  CHECK(holdfast_with({"nonsense"}).output.find("there is no command 'nonsense'\n") !=
        std::string::npos);
}

TEST_CASE("no command at all shows what there is") {
  const Answer answer = holdfast_with({});
  CHECK(answer.exit_code == 2);
  CHECK(answer.output.find("check-config") != std::string::npos);
}

TEST_CASE("scale and signal take names and one word more, and say what is wrong with it") {
  CHECK(holdfast_with({"scale", "web"}).exit_code == 2);
  const Answer answer = holdfast_with({"scale", "web", "many"});
  CHECK(answer.exit_code == 2);
  CHECK(answer.output.find("COUNT: 'many' is not a number from 0 to 10000") != std::string::npos);
  CHECK(holdfast_with({"signal", "web"}).exit_code == 2);
}

TEST_CASE("a command without its argument says which one is missing") {
  const Answer answer = holdfast_with({"restart"});
  CHECK(answer.exit_code == 2);
  CHECK(answer.output.find("NAME is required") != std::string::npos);
}

TEST_CASE("an option or argument with an empty value, as of a variable not set, is refused") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"api-key", "create", "deploy", "--expires", ""},
        std::vector<std::string>{"api-key", "create", ""},
        std::vector<std::string>{"logs", "--since", ""}, std::vector<std::string>{"restart", ""}}) {
    INFO(words.front());
    const Answer answer = holdfast_with(words);
    CHECK(answer.exit_code == 2);
    CHECK(answer.output.find("the value is empty: give one, or leave the option out") !=
          std::string::npos);
  }
}
