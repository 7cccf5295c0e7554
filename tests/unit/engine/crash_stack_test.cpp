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

TEST_CASE("the heading may name the thread, and others may follow") {
  const auto stack =
      stack_of({"fatal signal SIGABRT in thread holdfast-api-wo 7, stack:", "a(f+0x1)[0x1]",
                "thread job worker 8, stack:", "a(g+0x1)[0x1]", "thread log 9 is silent"});
  REQUIRE(stack);
  CHECK(stack->signal == "SIGABRT");
  CHECK(stack->frames == std::vector<std::string>{"f+0x1 in a"});
  CHECK(stack->threads == std::vector<ThreadStack>{{"holdfast-api-wo 7", {"f+0x1 in a"}},
                                                   {"job worker 8", {"g+0x1 in a"}},
                                                   {"log 9 is silent", {}}});
}

TEST_CASE("a heading of a thread alone is none: any program may print one") {
  CHECK_FALSE(stack_of({"thread job 8, stack:", "a(g+0x1)[0x1]"}));
}

TEST_CASE("the uncaught exception is found with its causes; the last one counts") {
  const auto exception = uncaught_exception_in(
      {"uncaught exception std::logic_error: old", "uncaught exception my::Error<int>: a: b",
       "caused by std::system_error: No such file", "caused by int"});
  REQUIRE(exception);
  CHECK(exception->type == "my::Error<int>");
  CHECK(exception->message == "a: b; caused by std::system_error: No such file; caused by int");
  CHECK_FALSE(uncaught_exception_in({"caused by std::system_error: alone"}));
  const auto bare = uncaught_exception_in({"uncaught exception int"});
  REQUIRE(bare);
  CHECK(bare->type == "int");
  CHECK(bare->message.empty());
}

TEST_CASE("what the handler has printed is told from the other lines") {
  for (const char* line :
       {"fatal signal SIGABRT in thread job 7, stack:", "fatal signal SIGSEGV, stack:",
        "a(f+0x1)[0x1]", "thread job 8, stack:", "thread log 9 is silent", "uncaught exception int",
        "caused by std::logic_error: x"}) {
    INFO(line);
    CHECK(is_of_crash_handler(line));
  }
  for (const char* line : {"", "thread job is busy", "fatal signal", "all is well"}) {
    INFO(line);
    CHECK_FALSE(is_of_crash_handler(line));
  }
}
