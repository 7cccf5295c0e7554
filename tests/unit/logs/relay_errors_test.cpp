// SPDX-License-Identifier: Apache-2.0
// What the relay notices of errors, joins and masks in what programs write.
#include "tests/unit/logs/relay_fixture.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <set>

namespace holdfast::supervisor::logs::test {

namespace {

using nlohmann::json;

const std::string kTrace =
    "ERROR:root:cannot save request_id=r-1\n"
    "Traceback (most recent call last):\n"
    "  File \"app.py\", line 3, in save\n"
    "    check(title)\n"
    "ValueError: no title\n";

std::vector<json> objects(const Collector& log) {
  std::vector<json> result;
  for (const std::string& line : log.lines())
    result.push_back(json::parse(line));
  return result;
}

std::string own_line(const std::string& level, const std::string& rest) {
  return R"({"time":"2026-11-29T10:00:00.000Z","level":")" + level + "\"," + rest + "}\n";
}

Fd own_worker(Relay& relay, const core::ProcessId& process) {
  Pipe pipe;
  LogStream stream;
  stream.process = process;
  stream.worker = "api.0";
  stream.pid = 5;
  stream.pipe = std::move(pipe.read);
  stream.source = LineSource::Own;
  REQUIRE(relay.relay.add_stream(std::move(stream)));
  return std::move(pipe.write);
}

}  // namespace

TEST_CASE("a stack trace is one record of the log, however its lines arrive") {
  Pipe pipe;
  Relay relay(sink_to(pipe.write));
  const Collector log(std::move(pipe.read));
  const Fd out = relay.program(kFirst, "web.0", StreamKind::Stdout);
  const Fd err = relay.program(kFirst, "web.0", StreamKind::Stderr);
  write_text(err, kTrace.substr(0, 50));
  write_text(out, "served\n");
  write_text(err, kTrace.substr(50));
  write_text(err, "after\n");
  wait_until([&] { return log.lines().size() == 3; });
  for (const json& line : objects(log)) {
    if (!line.contains("err")) continue;
    CHECK(line["level"] == "error");
    CHECK(line["msg"] == "ERROR:root:cannot save request_id=r-1");
    CHECK(line["err"]["type"] == "ValueError");
    CHECK(line["err"]["message"] == "no title");
    CHECK(line["err"]["stack"] == kTrace.substr(0, kTrace.size() - 1));
    CHECK(line["stream"] == "stderr");
  }
  const auto errors = relay.observer.error_lines();
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].program == "web");
  CHECK(errors[0].worker == "web.0");
  CHECK(errors[0].request_id == "r-1");
  CHECK(errors[0].process.size() > 1);
  CHECK(errors[0].type == "ValueError");
  // The last lines of a process are lines, not records.
  const auto tail = relay.relay.tail(kFirst);
  CHECK(std::count(tail.begin(), tail.end(), "ValueError: no title") == 1);
  REQUIRE(relay.stop());
}

TEST_CASE("a trace that its program's death cuts off is in the log") {
  Pipe pipe;
  Relay relay(sink_to(pipe.write));
  const Collector log(std::move(pipe.read));
  {
    const Fd err = relay.program(kFirst, "web.0", StreamKind::Stderr);
    write_text(err, "TypeError: x\n    at f (/a.js:1:2)\n    at g (/a.js:3");
  }
  wait_until([&] { return log.lines().size() == 1; });
  CHECK(objects(log)[0]["err"]["stack"] == "TypeError: x\n    at f (/a.js:1:2)\n    at g (/a.js:3");
  REQUIRE(relay.stop());
}

TEST_CASE("a bare Python traceback is titled by its exception") {
  Pipe pipe;
  Relay relay(sink_to(pipe.write));
  const Collector log(std::move(pipe.read));
  const Fd err = relay.program(kFirst, "web.0", StreamKind::Stderr);
  write_text(err, kTrace.substr(kTrace.find('\n') + 1));
  wait_until([&] { return log.lines().size() == 1; });
  CHECK(objects(log)[0]["msg"] == "ValueError: no title");
  CHECK(objects(log)[0]["level"] == "error");
  REQUIRE(relay.stop());
}

TEST_CASE("errors are noticed in our own lines, in foreign JSON and in plain text, and no others") {
  Pipe pipe;
  Relay relay(sink_to(pipe.write));
  const Collector log(std::move(pipe.read));
  const Fd own = own_worker(relay, kFirst);
  const Fd web = relay.program(kSecond, "web.0", StreamKind::Stdout);
  write_text(own, own_line("info", R"("msg":"\"level\":\"error\"")"));
  write_text(own, own_line("error", R"("msg":"own","request_id":"r-1")"));
  write_text(own, own_line("error", R"("msg":"own","err":{"type":"T","message":"m"})"));
  write_text(web, "{\"level\":50,\"msg\":\"pino\",\"reqId\":\"r-2\"}\n");
  write_text(web, "{\"level\":40,\"msg\":\"warned\"}\nERROR: plain\nplain error\n");
  relay.relay.submit(
      R"({"time":"2026-11-29T10:00:00.000Z","level":"error","msg":"supervisor","worker":"holdfast"})");
  wait_until([&] { return relay.observer.error_lines().size() == 5; });
  wait_until([&] { return log.lines().size() == 8; });
  std::multiset<std::string> found;
  for (const ErrorLine& line : relay.observer.error_lines())
    found.insert(line.worker + "|" + line.message + "|" + line.request_id);
  CHECK(found == std::multiset<std::string>{"api.0|own|r-1", "api.0|own: m|",
                                            "holdfast|supervisor|", "web.0|ERROR: plain|",
                                            "web.0|pino|r-2"});
  const auto counters = relay.relay.counters();
  CHECK(counters.programs.at("api").error_lines == 2);
  CHECK(counters.programs.at("web").error_lines == 2);
  CHECK(counters.programs.at("").error_lines == 1);
  REQUIRE(relay.stop());
}

TEST_CASE("a million error lines in a burst are all in the log, and few are passed on") {
  const TempDir dir;
  Relay relay(sink_to_file(dir / "log"));
  const Fd own = own_worker(relay, kFirst);
  std::string block;
  for (int i = 0; i < 1000; ++i)
    block += own_line("error", R"("msg":"no route")");
  const MonoTime start = relay.clock.mono();
  for (int i = 0; i < 1000; ++i)
    write_text(own, block);
  wait_until([&] {
    const auto counters = relay.relay.counters();
    const auto api = counters.programs.find("api");
    return api != counters.programs.end() && api->second.error_lines == 1'000'000;
  });
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(relay.clock.mono() - start).count();
  REQUIRE(relay.stop());
  const auto counters = relay.relay.counters();
  CHECK(counters.programs.at("api").lines == 1'000'000);
  CHECK(counters.programs.at("api").dropped_lines == 0);
  const auto errors = relay.observer.error_lines();
  CHECK(errors.size() >= 50);
  CHECK(errors.size() <= 50 * static_cast<std::size_t>(seconds + 1));
}

TEST_CASE("what is configured to be hidden is in no line of other programs, and changes at once") {
  Pipe pipe;
  RelayOptions options;
  auto paths = log::RedactPaths::compile({"user.email"});
  REQUIRE(paths);
  options.redact = std::make_shared<const log::RedactPaths>(std::move(*paths));
  Relay relay(sink_to(pipe.write), options);
  const Collector log(std::move(pipe.read));
  const Fd web = relay.program(kFirst, "web.0", StreamKind::Stdout);
  const std::string line =
      R"({"level":50,"msg":"m","user":{"email":"a@b","id":"u1"},"headers":{"Authorization":"x"}})"
      "\n";
  write_text(web, line);
  wait_until([&] { return log.lines().size() == 1; });
  auto others = log::RedactPaths::compile({"user.id"});
  REQUIRE(others);
  relay.relay.set_redact(std::make_shared<const log::RedactPaths>(std::move(*others)));
  relay.relay.submit("{\"msg\":\"changed\"}");
  wait_until([&] { return log.lines().size() == 2; });
  write_text(web, line + "posted to https://hooks.slack.com/services/T/B/x\n");
  wait_until([&] { return log.lines().size() == 4; });
  const auto lines = objects(log);
  CHECK(lines[0]["user"] == json{{"email", "[Redacted]"}, {"id", "u1"}});
  CHECK(lines[0]["headers"]["Authorization"] == "[Redacted]");
  CHECK(lines[2]["user"] == json{{"email", "a@b"}, {"id", "[Redacted]"}});
  CHECK(lines[3]["msg"] == "posted to https://hooks.slack.com/***");
  REQUIRE(relay.stop());
}

TEST_CASE("a line of 10 MiB is in the log to the last byte, in pieces that are marked") {
  Pipe pipe;
  RelayOptions options;
  options.stall_limit = std::chrono::minutes(1);  // of a slow machine
  Relay relay(sink_to(pipe.write), options);
  const Collector log(std::move(pipe.read));
  const Fd web = relay.program(kFirst, "web.0", StreamKind::Stderr);
  constexpr std::size_t kSize = 10 << 20;
  write_text(web, std::string(kSize, 'x') + "\nafter\n");
  wait_until([&] { return log.text().find("after") != std::string::npos; });
  std::size_t bytes = 0;
  for (const json& line : objects(log)) {
    if (line["msg"] == "after") continue;
    bytes += line["msg"].get<std::string>().size();
  }
  CHECK(bytes == kSize);
  REQUIRE(relay.stop());
}

TEST_CASE("binary output stays valid JSON and joins nothing to itself") {
  Pipe pipe;
  Relay relay(sink_to(pipe.write));
  const Collector log(std::move(pipe.read));
  const Fd web = relay.program(kFirst, "web.0", StreamKind::Stderr);
  std::string bytes;
  for (int i = 0; i < 4096; ++i)
    bytes.push_back(static_cast<char>(i * 7 % 256));
  write_text(web, bytes + "\nafter\n");
  wait_until([&] { return log.text().find("\"after\"") != std::string::npos; });
  CHECK(objects(log).size() >= 2);  // parsed, every one
  REQUIRE(relay.stop());
}

TEST_CASE("a full disk loses lines and no program, and joined records go on when there is room") {
  const TempDir dir;
  Relay relay(sink_to(Fd(::open("/dev/full", O_WRONLY | O_CLOEXEC))));
  const Fd err = relay.program(kFirst, "web.0", StreamKind::Stderr);
  for (int i = 0; i < 200; ++i)
    write_text(err, kTrace + "between\n");
  wait_until([&] { return relay.relay.counters().programs["web"].lines == 1200; });
  write_text(err, "last\n");
  wait_until([&] { return relay.relay.counters().programs["web"].dropped_lines > 0; });
  REQUIRE(relay.relay.counters().last_error == ENOSPC);
  REQUIRE_FALSE(relay.observer.error_lines().empty());
  relay.stop();
}

}  // namespace holdfast::supervisor::logs::test
