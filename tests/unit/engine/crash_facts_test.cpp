// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/crash_facts.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::supervisor;

namespace {

using Lines = std::vector<std::string>;

CrashReport facts(const Lines& lines, bool own = true, bool signaled = true) {
  CrashReport report;
  report.exit = {.signaled = signaled, .value = signaled ? 6 : 1};
  add_facts_of_lines(report, lines, own);
  return report;
}

}  // namespace

TEST_CASE("the handler's lines become stack and error, and the rest the last lines") {
  const CrashReport report =
      facts({"{\"level\":\"info\",\"msg\":\"ready\"}",
             "uncaught exception std::runtime_error: cannot read",
             "caused by std::system_error: No such file",
             "fatal signal SIGABRT in thread job 12, stack:", "a(_Z1fv+0x1)[0x1]",
             "a(g+0x2) [0x2]",  // as newer C libraries write it
             "last words"});
  CHECK(report.error_type == "std::runtime_error");
  CHECK(report.error_message == "cannot read; caused by std::system_error: No such file");
  CHECK(report.stack == Lines{"f()+0x1 in a", "g+0x2 in a"});
  CHECK(report.threads.empty());
  CHECK(report.last_lines == Lines{"{\"level\":\"info\",\"msg\":\"ready\"}", "last words"});
}

TEST_CASE("all threads of a process that hung, the one that was told first") {
  const CrashReport report =
      facts({"fatal signal SIGABRT in thread main 1, stack:", "a(f+0x1)[0x1]",
             "thread job 2, stack:", "a(g+0x1)[0x1]", "a(h+0x1)[0x1]", "thread log 3 is silent"});
  CHECK(report.threads == std::vector<ThreadStack>{{"main 1", {"f+0x1 in a"}},
                                                   {"job 2", {"g+0x1 in a", "h+0x1 in a"}},
                                                   {"log 3 is silent", {}}});
}

TEST_CASE("request ids of error lines, each once, the newest last, in every dialect") {
  const CrashReport report = facts(
      {R"({"level":"info","request_id":"no"})", R"({"level":"error","request_id":"a"})",
       R"({"level":50,"reqId":"b"})", R"({"level":30,"reqId":"no"})",
       R"({"levelname":"CRITICAL","requestId":"c"})", R"({"severity":"ERROR","req":{"id":"d"}})",
       R"({"Level":"Fatal","requestId":"e"})", R"({"level":"error","request_id":"-"})",
       R"({"level":"error","request_id":"a"})", R"({"level":"error"})", R"({"level":"error)"},
      false);
  CHECK(report.request_ids == Lines{"b", "c", "d", "e", "a"});
}

TEST_CASE("one that exits by itself is explained by the last error that it logged") {
  const CrashReport report = facts(
      {R"({"level":"error","msg":"cannot start","err":{"type":"unavailable","message":"no disk"}})"},
      true, false);
  CHECK(report.error_type == "unavailable");
  CHECK(report.error_message == "no disk");
  const CrashReport killed = facts({R"({"level":"error","msg":"a request failed"})"});
  CHECK(killed.error_message.empty());
}

TEST_CASE("secrets are masked in lines, messages and frames") {
  const CrashReport report =
      facts({"connecting to postgresql://u:hunter2@db/x", "Error: cannot reach redis://:hunter2@r",
             "    at f (https://u:hunter2@host/x.js:1:1)"},
            false);
  CHECK(report.error_type == "Error");
  for (const std::string& line : report.last_lines)
    CHECK(line.find("hunter2") == std::string::npos);
  CHECK(report.error_message.find("hunter2") == std::string::npos);
  REQUIRE(report.stack.size() == 1);
  CHECK(report.stack[0].find("hunter2") == std::string::npos);
}

TEST_CASE("a worker may write anything: everything is bounded") {
  Lines lines(500, std::string(8000, 'x'));
  lines.push_back("fatal signal SIGSEGV, stack:");
  for (int i = 0; i < 500; ++i)
    lines.push_back("a(" + std::string(5000, 'f') + "+0x1)[0x1]");
  for (int i = 0; i < 200; ++i) {
    lines.push_back("thread t " + std::to_string(i) + ", stack:");
    lines.push_back("a(f+0x1)[0x1]");
    lines.push_back(R"({"level":"error","request_id":")" + std::string(1000, 'r') +
                    std::to_string(i) + "\"}");
  }
  const CrashReport report = facts(lines);
  CHECK(report.stack.size() == 64);
  CHECK(report.stack[0].size() < 500);
  CHECK(report.threads.size() == 64);
  CHECK(report.last_lines.size() == 20);
  CHECK(report.last_lines[0].size() < 2100);
  CHECK(report.request_ids.size() <= 20);
}
