// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/stack_joiner.hpp"

#include "supervisor/logs/line_splitter.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

namespace holdfast::supervisor::logs {

namespace {

struct Record {
  std::string text;
  std::string time;
  bool stack = false;
  bool continues = false;
  std::size_t lines = 1;
};

class Joined {
 public:
  explicit Joined(bool hold_all = true) : joiner_(hold_all) {}

  void line(std::string_view text, std::string_view time = "t") {
    LinePart part;
    part.text = text;
    joiner_.feed(part, time, keeper());
  }
  void part(const LinePart& part) { joiner_.feed(part, "t", keeper()); }
  void text(std::string_view text) {
    while (!text.empty()) {
      const auto end = text.find('\n');
      line(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  }
  void flush() { joiner_.flush(keeper()); }
  bool holds() const { return joiner_.holds(); }

  std::vector<Record> records;

 private:
  std::function<void(const LinePart&, std::string_view)> keeper() {
    return [this](const LinePart& part, std::string_view time) {
      records.push_back(
          {std::string(part.text), std::string(time), part.stack, part.continues, part.lines});
    };
  }
  StackJoiner joiner_;
};

struct Stack {
  std::string text;
  std::string type;
  std::string message;
};

const std::vector<Stack>& real_stacks() {
  static const std::vector<Stack> stacks{
      // Java, of the virtual machine and of a logger
      {"Exception in thread \"main\" java.lang.IllegalStateException: no route\n"
       "\tat com.shop.Router.route(Router.java:42)\n"
       "\tat com.shop.Main.main(Main.java:7)\n"
       "Caused by: java.io.IOException: closed\n"
       "\tat com.shop.Net.read(Net.java:3)\n"
       "\t... 2 more",
       "java.lang.IllegalStateException", "no route"},
      {"10:00:00.000 [main] ERROR c.s.Router - cannot route\n"
       "com.shop.OutOfStock: none left\n"
       "\tat com.shop.Router.route(Router.java:42) ~[app.jar:na]\n"
       "\tSuppressed: java.lang.Exception: x\n"
       "\t\tat com.shop.A.b(A.java:1)\n"
       "\t... 12 common frames omitted",
       "com.shop.OutOfStock", "none left"},
      // Python, bare, of logging, and chained
      {"Traceback (most recent call last):\n"
       "  File \"app.py\", line 3, in <module>\n"
       "    main()\n"
       "  File \"app.py\", line 2, in main\n"
       "    raise ValueError(\"no title\")\n"
       "ValueError: no title",
       "ValueError", "no title"},
      {"ERROR:root:cannot save\n"
       "Traceback (most recent call last):\n"
       "  File \"app.py\", line 3, in save\n"
       "    1 / 0\n"
       "    ~~^~~\n"
       "ZeroDivisionError: division by zero",
       "ZeroDivisionError", "division by zero"},
      {"Traceback (most recent call last):\n"
       "  File \"a.py\", line 1, in f\n"
       "KeyError: 'x'\n"
       "\n"
       "During handling of the above exception, another exception occurred:\n"
       "\n"
       "Traceback (most recent call last):\n"
       "  File \"a.py\", line 3, in g\n"
       "app.errors.NotFound: x is not there",
       "app.errors.NotFound", "x is not there"},
      // Node.js, uncaught and logged
      {"/app/server.js:10\n"
       "    throw new TypeError('no title');\n"
       "    ^\n"
       "\n"
       "TypeError: no title\n"
       "    at save (/app/server.js:10:11)\n"
       "    at Object.<anonymous> (/app/server.js:20:1)\n"
       "    at node:internal/main/run_main_module:23:47\n"
       "\n"
       "Node.js v18.19.0",
       "TypeError", "no title"},
      {"Error: connect ECONNREFUSED 127.0.0.1:5432\n"
       "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16) {\n"
       "  errno: -111,\n"
       "  code: 'ECONNREFUSED'\n"
       "}",
       "Error", "connect ECONNREFUSED 127.0.0.1:5432"},
      // Go
      {"panic: runtime error: index out of range [5] with length 3\n"
       "\n"
       "goroutine 1 [running]:\n"
       "main.pick(...)\n"
       "\t/app/main.go:9\n"
       "main.(*Server).run(0xc000012345, 0x1)\n"
       "\t/app/main.go:14 +0x1d\n"
       "created by main.main\n"
       "\t/app/main.go:20 +0x5f\n"
       "exit status 2",
       "panic", "runtime error: index out of range [5] with length 3"},
      {"fatal error: all goroutines are asleep - deadlock!\n"
       "\n"
       "goroutine 1 [chan receive]:\n"
       "main.main()\n"
       "\t/app/main.go:5 +0x28",
       "fatal error", "all goroutines are asleep - deadlock!"},
      // Ruby
      {"app.rb:1:in `save': no title (ArgumentError)\n"
       "\tfrom app.rb:5:in `block in run'\n"
       "\tfrom app.rb:9:in `<main>'",
       "ArgumentError", "no title"},
      // .NET
      {"Unhandled exception. System.InvalidOperationException: no title\n"
       " ---> System.IO.IOException: closed\n"
       "   at Shop.Net.Read() in /app/Net.cs:line 3\n"
       "   --- End of inner exception stack trace ---\n"
       "   at Shop.Program.Main(String[] args) in /app/Program.cs:line 7",
       "System.InvalidOperationException", "no title"},
      // PHP
      {"PHP Fatal error:  Uncaught InvalidArgumentException: no title in /app/a.php:3\n"
       "Stack trace:\n"
       "#0 /app/a.php(7): save()\n"
       "#1 {main}\n"
       "  thrown in /app/a.php on line 3",
       "InvalidArgumentException", "no title in /app/a.php:3"},
      // Rust
      {"thread 'main' panicked at src/main.rs:4:5:\n"
       "no title\n"
       "stack backtrace:\n"
       "   0: rust_begin_unwind\n"
       "             at /rustc/1/library/std/src/panicking.rs:647:5\n"
       "   1: app::main\n"
       "note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.",
       "panic", "thread 'main' panicked at src/main.rs:4:5:"},
      // C++
      {"terminate called after throwing an instance of 'std::runtime_error'\n"
       "  what():  no title",
       "", ""},
  };
  return stacks;
}

}  // namespace

TEST_CASE("what loggers write around a trace belongs to it") {
  const std::string text = GENERATE(
      as<std::string>{},
      // Laravel's Monolog
      "[2026-11-29 10:00:00] production.ERROR: boom {\"exception\":\"[object] (E(code: 0): boom)\n"
      "[stacktrace]\n#0 /a.php(5): f()\n#1 {main}\n\n"
      "[previous exception] [object] (F(code: 0): inner)\n[stacktrace]\n#0 {main}\n\"} ",
      "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\n"
      "    #0 0x1 in main a.c:1\n    #1 0x2 in __libc_start_main");
  Joined joined(GENERATE(true, false));
  joined.text(text);
  joined.line("another line");
  joined.flush();
  REQUIRE(joined.records.size() == 2);
  CHECK(joined.records[0].text == text);
  CHECK(joined.records[0].stack);
}

TEST_CASE("the lines of real stack traces become one record, between lines that stay alone") {
  for (const bool hold_all : {true, false}) {
    for (const Stack& stack : real_stacks()) {
      INFO(stack.text << (hold_all ? " (standard error)" : " (standard output)"));
      Joined joined(hold_all);
      joined.text("served GET /\n" + stack.text + "\nserved GET /again\n");
      joined.flush();
      if (stack.text.starts_with("/app/server.js") && !hold_all) continue;  // it is never there
      REQUIRE(joined.records.size() == 3);
      CHECK(joined.records[0].text == "served GET /");
      CHECK(joined.records[1].text == stack.text);
      CHECK(joined.records[1].stack);
      CHECK(joined.records[2].text == "served GET /again");
      CHECK_FALSE(joined.records[2].stack);
    }
  }
}

TEST_CASE("a real stack trace says what went wrong") {
  for (const Stack& stack : real_stacks()) {
    INFO(stack.text);
    const StackSummary summary = summary_of_stack(stack.text);
    CHECK(summary.type == stack.type);
    CHECK(summary.message == stack.message);
  }
}

TEST_CASE("two traces in a row are two records") {
  const std::string trace = "TypeError: x\n    at f (/a.js:1:2)";
  Joined joined;
  joined.text(trace + "\n" + trace);
  joined.flush();
  REQUIRE(joined.records.size() == 2);
  CHECK(joined.records[0].text == trace);
  CHECK(joined.records[1].text == trace);
}

TEST_CASE("a traceback after a complete one is another, unless the two are connected") {
  const std::string bare =
      "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nX: y";
  Joined joined;
  joined.text("ERROR:root:cannot save\n" + bare + "\n" + bare + "\n");
  joined.flush();
  REQUIRE(joined.records.size() == 2);
  CHECK(joined.records[0].text == "ERROR:root:cannot save\n" + bare);
  CHECK(joined.records[1].text == bare);
}

TEST_CASE("what is no trace stays as it is, line by line") {
  for (const char* text :
       {"usage: web [options]\n  --port N   the port\n  --help",
        "Server started\n  at http://localhost:3000\n  from here", "top:\n#1 first\n#2 second",
        "{\n  \"a\": 1\n}", "name:\n  - x\n  - y", "\n\n", "INFO:root:a\n  indented",
        "{\"level\":50,\"msg\":\"x\"}\n{\"level\":50}"}) {
    INFO(text);
    Joined joined;
    joined.text(text);
    joined.flush();
    std::string all;
    for (const Record& record : joined.records) {
      CHECK(record.lines == 1);
      CHECK_FALSE(record.stack);
      all += (all.empty() && &record == &joined.records.front() ? "" : "\n") + record.text;
    }
  }
}

TEST_CASE("a JSON line ends a record, and so does a piece of a longer line") {
  Joined joined;
  joined.line("Error: x");
  joined.line(R"({"level":30,"msg":"m"})");
  joined.line("Error: y");
  LinePart piece;
  piece.text = "    at f (/a.js:1:2)";
  piece.piece = piece.continues = true;
  joined.part(piece);
  REQUIRE(joined.records.size() == 4);
  CHECK(joined.records[0].text == "Error: x");
  CHECK(joined.records[2].text == "Error: y");
  CHECK(joined.records[3].continues);
}

TEST_CASE("a record has the time of its first line, and blank lines after it are not lost") {
  Joined joined;
  joined.line("Error: x", "t1");
  joined.line("    at f (/a.js:1:2)", "t2");
  joined.line("", "t3");
  joined.line("next", "t4");
  joined.flush();
  REQUIRE(joined.records.size() == 3);
  CHECK(joined.records[0].text == "Error: x\n    at f (/a.js:1:2)");
  CHECK(joined.records[0].time == "t1");
  CHECK(joined.records[1].text.empty());
  CHECK(joined.records[2].text == "next");
}

TEST_CASE("a trace without end goes on in another record") {
  Joined joined;
  joined.line("Error: x");
  const std::size_t frames = 3 * StackJoiner::kMaxLines;
  for (std::size_t i = 0; i < frames; ++i)
    joined.line(fmt::format("    at f{} (/a.js:1:2)", i));
  joined.flush();
  REQUIRE(joined.records.size() >= 3);
  std::size_t lines = 0;
  for (const Record& record : joined.records) {
    CHECK(record.lines <= StackJoiner::kMaxLines);
    CHECK(record.text.size() <= StackJoiner::kMaxBytes);
    CHECK(record.continues == (&record != &joined.records.back()));
    lines += record.lines;
  }
  CHECK(lines == frames + 1);
  Joined wide;
  wide.line("Error: x");
  for (int i = 0; i < 10; ++i)
    wide.line("    at f (" + std::string(10'000, 'a') + ")");
  wide.flush();
  CHECK(wide.records.size() > 3);
}

TEST_CASE("nothing is held on standard output but what speaks of an error") {
  Joined out(false);
  out.line("served GET /");
  CHECK_FALSE(out.holds());
  out.line("Error: x");
  CHECK(out.holds());
  Joined err(true);
  err.line("served GET /");
  CHECK(err.holds());
}

TEST_CASE("whatever comes, no line is lost, doubled or moved") {
  std::mt19937 random(7);
  std::vector<std::string> pool{"", "plain", "  indented", "{\"a\":1}", "}", "#1 x", "  }"};
  for (const Stack& stack : real_stacks()) {
    std::string_view rest = stack.text;
    while (!rest.empty()) {
      const auto end = std::min(rest.find('\n'), rest.size());
      pool.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (int round = 0; round < 2000; ++round) {
    Joined joined(round % 2 == 0);
    std::string given;
    for (int i = 0; i < 40; ++i) {
      const std::string& line = pool[random() % pool.size()];
      given += line + "\n";
      joined.line(line);
      if (random() % 8 == 0) joined.flush();
    }
    joined.flush();
    std::string passed;
    std::size_t lines = 0;
    for (const Record& record : joined.records) {
      passed += record.text + "\n";
      lines += record.lines;
    }
    REQUIRE(passed == given);
    REQUIRE(lines == 40);
    REQUIRE_FALSE(joined.holds());
  }
}

}  // namespace holdfast::supervisor::logs
