// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/crash_stack.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::supervisor;

TEST_CASE("a frame is shown by its name, without the address that changes at every start") {
  struct Row {
    const char* line;
    const char* shown;
  };
  const Row row = GENERATE(values<Row>({
      {"/usr/bin/holdfast-api-worker(_ZN8holdfast3api4readEi+0x1c)[0x564c90324f21]",
       "holdfast::api::read(int)+0x1c in holdfast-api-worker"},
      {"/lib/x86_64-linux-gnu/libc.so.6(epoll_wait+0x56)[0x7fbbf9726f36]",
       "epoll_wait+0x56 in libc.so.6"},
      {"holdfast-api-worker(+0xbbf21)[0x564c90324f21]", "holdfast-api-worker+0xbbf21"},
      {"holdfast-api-worker(main)[0x564c90324f21]", "main in holdfast-api-worker"},
  }));
  CHECK(readable_frame(row.line) == std::string(row.shown));
}

TEST_CASE("a line that is not a frame is ignored") {
  for (const char* line :
       {"", "(", "(+0x1)[0x1]", "password(hunter2)", "a line of the log", "x(y)[0x1", ")[0x1]("}) {
    INFO(line);
    CHECK_FALSE(readable_frame(line));
  }
}

TEST_CASE("a stack is found behind its heading, whatever stands around it") {
  const auto stack =
      stack_of({"{\"msg\":\"request completed\"}", "fatal signal SIGSEGV, stack:", "a(f+0x1)[0x1]",
                "token=secret", "b(g+0x2)[0x2]"});
  REQUIRE(stack);
  CHECK(stack->signal == "SIGSEGV");
  CHECK(stack->frames == std::vector<std::string>{"f+0x1 in a", "g+0x2 in b"});
}

TEST_CASE("of two stacks the last is the one it died of") {
  const auto stack = stack_of({"fatal signal SIGSEGV, stack:", "a(f+0x1)[0x1]",
                               "fatal signal SIGABRT, stack:", "a(g+0x1)[0x1]"});
  REQUIRE(stack);
  CHECK(stack->signal == "SIGABRT");
  CHECK(stack->frames == std::vector<std::string>{"g+0x1 in a"});
}

TEST_CASE("without a heading, or with nothing behind it, there is no stack") {
  CHECK_FALSE(stack_of({}));
  CHECK_FALSE(stack_of({"a(f+0x1)[0x1]"}));
  CHECK_FALSE(stack_of({"fatal signal SIGSEGV, stack:"}));
}
