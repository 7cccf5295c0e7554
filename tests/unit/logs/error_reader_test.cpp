// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/error_reader.hpp"

#include "supervisor/logs/error_budget.hpp"
#include "tests/support/catch.hpp"

namespace holdfast::supervisor::logs {

namespace {

ErrorLine read(std::string_view text, std::size_t lines = 1) {
  LinePart part;
  part.text = text;
  part.lines = lines;
  part.stack = lines > 1;
  return read_error_line(part, nullptr);
}

struct Expected {
  std::string request_id;
  std::string job_id;
  std::string message;
  std::string type;
  std::string stack;
};

}  // namespace

TEST_CASE("error lines of the usual loggers say what went wrong, and of which request") {
  const auto [line, expected] = GENERATE(table<std::string, Expected>({
      // Holdfast's own
      {R"j({"time":"2026-11-29T10:00:00.000Z","level":"error","msg":"request failed","request_id":"r-1","job_id":"7","err":{"type":"unavailable","message":"locked"}})j",
       {"r-1", "7", "request failed: locked", "unavailable", ""}},
      // pino with pino-http
      {R"j({"level":50,"time":1700000000123,"req":{"id":"r-2","headers":{"host":"h"}},"err":{"type":"TypeError","message":"no title","stack":"TypeError: no title\n    at f (/a.js:1:2)"},"msg":"no title"})j",
       {"r-2", "", "no title", "TypeError", "TypeError: no title\n    at f (/a.js:1:2)"}},
      {R"j({"level":50,"reqId":"r-3","err":{"type":"Error","message":"x"},"msg":"failed"})j",
       {"r-3", "", "failed: x", "Error", ""}},
      // bunyan
      {R"j({"name":"app","level":50,"req_id":"r-4","err":{"name":"Error","message":"x","stack":"s"},"msg":"x","v":0})j",
       {"r-4", "", "x", "Error", "s"}},
      // zap
      {R"j({"level":"error","ts":1.7e9,"msg":"cannot save","error":"no title","requestId":"r-5","stacktrace":"main.save\n\t/app/main.go:3"})j",
       {"r-5", "", "cannot save: no title", "", "main.save\n\t/app/main.go:3"}},
      // Python's JSON formatter
      {R"j({"levelname":"ERROR","message":"cannot save","request_id":"r-6","exc_info":"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: no title"})j",
       {"r-6", "", "cannot save: no title", "ValueError",
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: no title"}},
      // structlog
      {R"j({"event":"cannot save","level":"error","exception":"Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'x'"})j",
       {"", "", "cannot save: 'x'", "KeyError",
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'x'"}},
      // ECS
      {R"j({"log.level":"ERROR","message":"m","error.type":"java.io.IOException","error.message":"closed","error.stack_trace":"java.io.IOException: closed\n\tat a.b(C.java:1)","http.request.id":"r-7"})j",
       {"r-7", "", "m: closed", "java.io.IOException",
        "java.io.IOException: closed\n\tat a.b(C.java:1)"}},
      {R"j({"level":"error","msg":"m","headers":1,"req":{"headers":{"X-Request-Id":"r-8"}},"job":{"id":9}})j",
       {"r-8", "9", "m", "", ""}},
      {R"j({"level":"error","msg":"m","x-request\u002did":"r-9"})j", {"r-9", "", "m", "", ""}},
      // Serilog
      {R"j({"Level":"Error","MessageTemplate":"no {A}","RenderedMessage":"no 7","Properties":{"RequestId":"r-13"}})j",
       {"r-13", "", "no 7", "", ""}},
      {R"j({"@l":"Error","@mt":"no {A}"})j", {"", "", "no {A}", "", ""}},
      {R"j({"level":"error","msg":"m","record":{"id":5,"message":"no"}})j", {"", "", "m", "", ""}},
      // loguru
      {R"j({"text":"t","record":{"level":{"name":"ERROR"},"message":"m","extra":{"request_id":"r-14"},"exception":{"type":"KeyError","value":"x","traceback":true}}})j",
       {"r-14", "", "m: x", "KeyError", ""}},
      // text
      {"ERROR:root:cannot save request_id=r-10",
       {"r-10", "", "ERROR:root:cannot save request_id=r-10", "", ""}},
      {"error: no route (requestId: \"r-11\")",
       {"r-11", "", "error: no route (requestId: \"r-11\")", "", ""}},
      {"level=error msg=x reqId=r-12 job_id=3",
       {"r-12", "3", "level=error msg=x reqId=r-12 job_id=3", "", ""}},
  }));
  INFO(line);
  const ErrorLine found = read(line);
  CHECK(found.request_id == expected.request_id);
  CHECK(found.job_id == expected.job_id);
  CHECK(found.message == expected.message);
  CHECK(found.type == expected.type);
  CHECK(found.stack == expected.stack);
}

TEST_CASE("what stands for no id, and the id of something else, is not the id of a request") {
  for (const char* line : {
           "ERROR:app:[request_id=-] failed",
           "ERROR request_id= user_id=5",
           "ERROR request_id=\"\" user_id=5",
           "ERROR {'request_id': None, 'user': 5}",
           "ERROR job_id=null request_id=<none> failed",
           "ERROR request_id=00000000-0000-0000-0000-000000000000",
           R"({"level":"error","msg":"m","request_id":"-","job_id":0})",
           R"({"level":"error","msg":"m","req_id":"N/A","jobId":"undefined"})",
           R"({"level":"error","msg":"m","req":{"id":"unknown"},"job":{"id":"nil"}})",
           R"({"level":"error","msg":"m","context":{"id":"checkout"}})",
       }) {
    INFO(line);
    CHECK(read(line).request_id.empty());
    CHECK(read(line).job_id.empty());
  }
  CHECK(read("ERROR request_id=- reqId=r-1").request_id == "r-1");
  CHECK(read(R"({"level":"error","request_id":"-","req":{"id":"r-1"}})").request_id == "r-1");
  CHECK(read(R"({"level":"error","context":{"id":"c","request_id":"r-1"}})").request_id == "r-1");
  CHECK(read(R"({"level":"error","request_id":"000-1","pid":7})").request_id == "000-1");
  CHECK(read(R"({"level":"error","msg":"m","pid":7})").process == "7");
}

TEST_CASE("a joined trace says its exception, and a bare one nothing but that") {
  const std::string bare =
      "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: no title";
  const ErrorLine python = read(bare, 3);
  CHECK(python.message == "ValueError: no title");
  CHECK(python.type == "ValueError");
  CHECK(python.stack == bare);
  const ErrorLine logged = read("ERROR:root:cannot save\n" + bare, 4);
  CHECK(logged.message == "ERROR:root:cannot save: no title");
  CHECK(logged.type == "ValueError");
  const ErrorLine node = read("TypeError: x\n    at f (/a.js:1:2)", 2);
  CHECK(node.message == "TypeError: x");
}

TEST_CASE("what an error line says is bounded, without secrets and fit for a terminal") {
  const ErrorLine line = read(R"({"level":50,"msg":"password=hunter2 \u001b[31m https://u:pw@h/ )" +
                              std::string(10'000, 'x') + R"(","reqId":")" + std::string(1000, 'r') +
                              R"(","authorization":"a"})");
  CHECK(line.message.size() <= 1024);
  CHECK(line.message.find("hunter2") == std::string::npos);
  CHECK(line.message.find("pw@") == std::string::npos);
  CHECK(line.message.find('\x1b') == std::string::npos);
  CHECK(line.request_id.size() <= 128);
  const ErrorLine stack = read("E\n" + std::string(100'000, 's'), 2);
  CHECK(stack.stack.size() <= 4096);
}

TEST_CASE("a line of anything is read without harm") {
  for (const char* line : {"", "{", "{}", "[]", "{\"err\":null}", "{\"err\":{}}", "{\"req\":\"x\"}",
                           "request_id=", "{\"level\":50,\"stack\":5}", "\xff\xfe"}) {
    INFO(line);
    CHECK(read(line).request_id.empty());
  }
}

TEST_CASE("a flood of errors is bounded for each second, and what is left out is counted") {
  ErrorBudget budget;
  const MonoTime start = MonoTime() + std::chrono::hours(1);
  int taken = 0;
  for (int i = 0; i < 1000; ++i)
    taken += budget.take(start + std::chrono::microseconds(i)) ? 1 : 0;
  CHECK(taken == 50);
  CHECK(budget.take(start + std::chrono::seconds(1)));
  CHECK(budget.take_left_out() == 950);
  CHECK(budget.take_left_out() == 0);
}

TEST_CASE("a line's request id is found in JSON and in its text") {
  CHECK(request_id_of_line(R"({"msg":"m","request_id":"r"})") == "r");
  CHECK(request_id_of_line(R"({"msg":"GET / reqId=r","worker":"web.0"})") == "r");
  CHECK(request_id_of_line("web.0 | served request_id=r in 3 ms") == "r");
  CHECK(request_id_of_line(R"({"msg":"r"})").empty());
}

}  // namespace holdfast::supervisor::logs
