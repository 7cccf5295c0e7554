// SPDX-License-Identifier: Apache-2.0
#include "common/text/pattern.hpp"

#include "tests/support/catch.hpp"

#include <chrono>
#include <string>

namespace holdfast::text {

namespace {

bool matches(std::string_view expression, std::string_view text) {
  const auto pattern = Pattern::compile(expression);
  REQUIRE(pattern);
  return pattern->found_in(text);
}

}  // namespace

TEST_CASE("a pattern matches anywhere, unless it says where") {
  CHECK(matches("listening on port [0-9]+", "web: listening on port 80, pid 7"));
  CHECK_FALSE(matches("^listening", "now listening"));
  CHECK(matches("ready$", "now ready"));
  CHECK(matches(R"(\bready\b)", "all ready."));
  CHECK(matches("(?i)READY", "Ready"));
  CHECK(matches("ready …", "ready … for requests"));
  CHECK(matches(R"(^\w+@.* ready\.$)", "celery@web1 ready."));
}

TEST_CASE("an invalid pattern is refused with the part that is wrong") {
  struct Row {
    const char* expression;
    const char* why;
  };
  const auto row = GENERATE(values<Row>({{"(", "missing )"},
                                         {"a**", "bad repetition operator: **"},
                                         {"[z-a]", "z-a"},
                                         {"ready(?=!)", "lookaround and backreferences"},
                                         {R"((a)\1)", "lookaround and backreferences"},
                                         {"(x{1000}){100}", ""},
                                         {"(ready|steady){900}", "smaller repetition counts"},
                                         {"\xff", "UTF-8"}}));
  const auto pattern = Pattern::compile(row.expression);
  REQUIRE_FALSE(pattern);
  CHECK(pattern.error().kind == ErrorKind::InvalidArgument);
  CHECK_THAT(pattern.error().message, Catch::Contains(row.why));
}

// Each of these takes a backtracking matcher minutes to years.
TEST_CASE("a search takes time linear in the text, whatever the pattern") {
  const auto expression = GENERATE(".*(listening|ready).*port.*[0-9]+.*", "(a+)+$", "(a|aa)+b",
                                   "(.*a){20}b", "([ab]*a[ab]{20}c|x)", "(a?){30}a{30}b");
  const std::string text(std::size_t{16} << 10, 'a');
  const auto began = std::chrono::steady_clock::now();
  CHECK_FALSE(matches(expression, text + " ready c"));
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
}

}  // namespace holdfast::text
