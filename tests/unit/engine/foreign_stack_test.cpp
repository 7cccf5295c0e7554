// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/foreign_stack.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::supervisor;

namespace {

using Lines = std::vector<std::string>;

struct Row {
  const char* what;
  Lines lines;
  const char* type;
  const char* message;
  Lines frames;
};

}  // namespace

TEST_CASE("the stacks of Python, Node, Java and Go are brought into one form, innermost first") {
  const auto row = GENERATE(values<Row>({
      {"Python",
       {"starting",
        "Traceback (most recent call last):", "  File \"/srv/app.py\", line 9, in <module>",
        "    main()", "  File \"/srv/app.py\", line 5, in main", "    return 1 / 0",
        "           ~~^~~", "ZeroDivisionError: division by zero"},
       "ZeroDivisionError",
       "division by zero",
       {"main (/srv/app.py:5)", "<module> (/srv/app.py:9)"}},
      {"Python, an error that another one led to: the last is what it died of",
       {"Traceback (most recent call last):", "  File \"a.py\", line 1, in f", "KeyError: 'x'", "",
        "During handling of the above exception, another exception occurred:", "",
        "Traceback (most recent call last):", "  File \"a.py\", line 2, in g",
        "app.errors.NotFound: no x"},
       "app.errors.NotFound",
       "no x",
       {"g (a.py:2)"}},
      {"Python, an error without a message",
       {"Traceback (most recent call last):", "  File \"a.py\", line 1, in f", "KeyboardInterrupt"},
       "KeyboardInterrupt",
       "",
       {"f (a.py:1)"}},
      {"Node",
       {"/srv/app.js:3", "    throw new TypeError('boom');", "    ^", "", "TypeError: boom",
        "    at run (/srv/app.js:3:11)", "    at Object.<anonymous> (/srv/app.js:6:1)",
        "    at node:internal/main/run_main_module:23:47", "", "Node.js v18.19.0"},
       "TypeError",
       "boom",
       {"run (/srv/app.js:3:11)", "Object.<anonymous> (/srv/app.js:6:1)",
        "node:internal/main/run_main_module:23:47"}},
      {"Node, with a code and properties",
       {"Uncaught Error: connect ECONNREFUSED 127.0.0.1:6379",
        "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16) {",
        "  code: 'ECONNREFUSED'", "}"},
       "Error",
       "connect ECONNREFUSED 127.0.0.1:6379",
       {"TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16)"}},
      {"Java, with a cause",
       {"Exception in thread \"main\" java.lang.IllegalStateException: cannot start",
        "\tat com.example.Main.run(Main.java:12)", "\tat com.example.Main.main(Main.java:5)",
        "Caused by: java.io.IOException: no disk", "\tat com.example.Disk.open(Disk.java:7)",
        "\t... 1 more"},
       "java.lang.IllegalStateException",
       "cannot start; caused by: java.io.IOException: no disk",
       {"com.example.Main.run (Main.java:12)", "com.example.Main.main (Main.java:5)"}},
      {"Go",
       {"panic: runtime error: index out of range [3] with length 2", "",
        "goroutine 1 [running]:", "main.run({0xc000012345, 0x2, 0x2}, 0x3)",
        "\t/srv/main.go:12 +0x1d", "main.main()", "\t/srv/main.go:7 +0x25", "exit status 2"},
       "panic",
       "runtime error: index out of range [3] with length 2",
       {"main.run (/srv/main.go:12)", "main.main (/srv/main.go:7)"}},
      {"faulthandler",
       {"Fatal Python error: Segmentation fault", "",
        "Current thread 0x00007f1 (most recent call first):", "  File \"/srv/a.py\", line 3 in f",
        "  File \"/srv/a.py\", line 5 in <module>"},
       "Fatal Python error",
       "Segmentation fault",
       {"f (/srv/a.py:3)", "<module> (/srv/a.py:5)"}},
  }));
  INFO(row.what);
  const auto stack = foreign_stack_of(row.lines);
  REQUIRE(stack);
  CHECK(stack->type == row.type);
  CHECK(stack->message == row.message);
  CHECK(stack->frames == row.frames);
  CHECK(stack->threads.empty());
}

TEST_CASE("other goroutines, and other threads of Python, are kept apart") {
  const auto go =
      foreign_stack_of({"fatal error: all goroutines are asleep - deadlock!", "",
                        "goroutine 1 [chan receive]:", "main.main()", "\t/srv/main.go:4 +0x1", "",
                        "goroutine 6 [select]:", "main.wait()", "\t/srv/main.go:9 +0x2"});
  REQUIRE(go);
  CHECK(go->type == "fatal error");
  CHECK(go->threads ==
        std::vector<ThreadStack>{{"goroutine 1 [chan receive]", {"main.main (/srv/main.go:4)"}},
                                 {"goroutine 6 [select]", {"main.wait (/srv/main.go:9)"}}});
  const auto python = foreign_stack_of(
      {"Fatal Python error: Aborted",
       "Thread 0x01 (most recent call first):", "  File \"a.py\", line 1 in idle",
       "Current thread 0x02 (most recent call first):", "  File \"a.py\", line 2 in busy"});
  REQUIRE(python);
  CHECK(python->frames == std::vector<std::string>{"busy (a.py:2)"});
  REQUIRE(python->threads.size() == 2);
  CHECK(python->threads[0].thread == "Current thread 0x02");
  CHECK(python->threads[1].frames == std::vector<std::string>{"idle (a.py:1)"});
}

TEST_CASE("of several stacks the last one counts") {
  const auto stack = foreign_stack_of(
      {"Error: first", "    at a (x.js:1:1)", "goes on", "Error: second", "    at b (x.js:2:2)"});
  REQUIRE(stack);
  CHECK(stack->message == "second");
  CHECK(stack->frames == std::vector<std::string>{"b (x.js:2:2)"});
}

TEST_CASE("what only looks like the beginning of a stack is none, wherever it is cut off") {
  for (const Lines& lines : std::vector<Lines>{
           {},
           {""},
           {"all is well"},
           {"panic: said by a program that goes on"},
           {"Traceback (most recent call last):"},
           {"Fatal Python error: Aborted"},
           {"    at the beginning of a file, a frame without an error"},
           {"goroutine 1 [running]:", "main.main()", "\t/srv/main.go:4"},
           {"Exception in thread \"main\""},
           {"  File \"", "  File \"a\", line "},
       }) {
    CHECK_FALSE(foreign_stack_of(lines));
  }
}
