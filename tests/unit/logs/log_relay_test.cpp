// SPDX-License-Identifier: Apache-2.0

// How the relay processes its workers' output. log_relay_output_test.cpp covers trouble with the
// relay's own output.

#include "common/os/file.hpp"
#include "common/text/number.hpp"
#include "tests/unit/logs/relay_fixture.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <future>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::logs;
using namespace holdfast::supervisor::logs::test;

namespace {

#ifdef NDEBUG
constexpr long kManyLines = 1'000'000;
#else
constexpr long kManyLines = 100'000;  // the same, where each line costs many times more
#endif

// Every number from 0 upward exactly once and in order, for each worker. Returns the total.
long check_numbers(const std::filesystem::path& path) {
  const std::string text = *read_file(path, std::size_t{4} << 30);
  std::map<std::string_view, long> next;
  long total = 0;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = text.find('\n', from);
    REQUIRE(end != std::string::npos);
    const std::string_view line(text.data() + from, end - from);
    from = end + 1;
    const std::size_t name = line.find("\"worker\":\"") + 10;
    const std::string_view worker = line.substr(name, line.find('"', name) - name);
    const std::size_t json = line.find("\"n\":");
    const std::size_t number =
        json != std::string_view::npos ? json + 4 : line.find("\"msg\":\"") + 7;
    std::string_view rest = line.substr(number);
    const long n = text::take_number<long>(rest).value_or(-1);
    if (n != next[worker]++) FAIL("line " << n << " of " << worker << " is out of order");
    ++total;
  }
  return total;
}

}  // namespace

TEST_CASE("numbered lines of two workers arrive exactly once, each stream in order") {
  const TempDir directory;
  const auto path = directory.path() / "log";
  Relay relay(sink_to_file(path));
  const std::string count = std::to_string(kManyLines);
  const Launched json =
      relay.launch(kFirst, "api-worker.0", {"--flood-json", count, "--exit", "0"});
  const Launched text = relay.launch(kSecond, "other.0", {"--flood-log", count, "--exit", "0"});
  REQUIRE(wait_for(json).value == 0);
  REQUIRE(wait_for(text).value == 0);
  REQUIRE(relay.stop());
  REQUIRE(check_numbers(path) == 2 * kManyLines);
  const auto counters = relay.relay.counters();
  REQUIRE(counters.programs.at("api-worker").lines == kManyLines);
  REQUIRE(counters.programs.at("other").bytes == 100 * kManyLines);
  REQUIRE(counters.programs.at("other").dropped_lines == 0);
}

TEST_CASE("the lines of a private key are hidden, and no others") {
  Pipe output;
  Relay relay(sink_to(output.write));
  const Fd out = relay.program(kFirst, "shop.0", StreamKind::Stdout);
  write_text(out,
             "before\n-----BEGIN RSA PRIVATE KEY-----\nMIIabc+/\nabcd==\n"
             "-----END RSA PRIVATE KEY-----\nafter\n"
             "about -----BEGIN PRIVATE KEY-----\nthe next line\nMIIabc\n");
  std::string shown;
  for (int i = 0; i < 9; ++i)
    shown += Json::parse(read_line(output.read.get())).at("msg").get<std::string>() + "|";
  REQUIRE(shown ==
          "before|-----BEGIN RSA PRIVATE KEY-----|***|***|-----END RSA PRIVATE KEY-----|after|"
          "about -----BEGIN PRIVATE KEY-----|the next line|MIIabc|");
}

TEST_CASE("lines are labelled with worker and pid, and plain text is wrapped") {
  Pipe output;
  Relay relay(sink_to(output.write));
  const Fd out = relay.worker(kFirst, "api-worker.0", StreamKind::Stdout);
  const Fd err = relay.worker(kSecond, "nginx.1", StreamKind::Stderr);
  write_text(out, "{\"level\":\"info\",\"msg\":\"a\"}\n");
  Json first = Json::parse(read_line(output.read.get()));
  REQUIRE(first.erase("time") == 1);
  REQUIRE(first == Json{{"level", "info"}, {"msg", "a"}, {"worker", "api-worker.0"}, {"pid", 123}});
  write_text(err, "plain \"text\"\n");
  const Json second = Json::parse(read_line(output.read.get()));
  REQUIRE(second.at("msg") == "plain \"text\"");
  REQUIRE(second.at("worker") == "nginx.1");
  REQUIRE(second.at("stream") == "stderr");
  REQUIRE(second.at("time").get<std::string>().size() == 24);
}

TEST_CASE("the pretty format prefixes lines with the worker") {
  Pipe output;
  Relay relay(sink_to(output.write), {.format = LineFormat::Pretty});
  const Fd out = relay.worker(kFirst, "api-worker.0", StreamKind::Stdout);
  write_text(out, "hello\n");
  REQUIRE(read_line(output.read.get()) == "api-worker.0 | hello");
}

TEST_CASE("the supervisor's own lines are written whole between those of the workers") {
  constexpr int kEach = 2000;
  Pipe output;
  Relay relay(sink_to(output.write), {.stall_limit = kHang});
  const Fd out = relay.worker(kFirst, "api-worker.0", StreamKind::Stdout);
  Collector collector(std::move(output.read));
  std::thread own([&] {
    for (int i = 0; i < kEach; ++i)
      relay.relay.submit(fmt::format("{{\"own\":{}}}", i));
  });
  for (int i = 0; i < kEach; ++i)
    write_text(out, fmt::format("{{\"theirs\":{}}}\n", i));
  own.join();
  REQUIRE(relay.stop());
  wait_until([&] {
    const std::string text = collector.text();
    return std::count(text.begin(), text.end(), '\n') == 2 * kEach;
  });
  int own_next = 0;
  int theirs_next = 0;
  for (const std::string& line : collector.lines()) {
    const Json json = Json::parse(line);
    if (json.contains("own")) {
      REQUIRE(json["own"] == own_next++);
    } else {
      REQUIRE(json["theirs"] == theirs_next++);
    }
  }
  REQUIRE(own_next == kEach);
}

TEST_CASE("an unfinished line is passed on after a timeout and at the end of the stream") {
  Pipe output;
  Relay relay(sink_to(output.write), {.partial_flush = 20ms});
  Fd out = relay.worker(kFirst, "api-worker.0", StreamKind::Stdout);
  write_text(out, "password: ");
  const Json first = Json::parse(read_line(output.read.get()));
  REQUIRE(first.at("msg") == "password: ");
  REQUIRE(first.at("continues") == true);
  write_text(out, "ok\n");
  REQUIRE(Json::parse(read_line(output.read.get())).at("msg") == "ok");
  write_text(out, "the end");
  out.reset();
  const Json last = Json::parse(read_line(output.read.get()));
  REQUIRE(last.at("msg") == "the end");
}

TEST_CASE("an endless line does not use unbounded memory") {
  const TempDir directory;
  const auto path = directory.path() / "log";
  Relay relay(sink_to_file(path));
  Fd out = relay.worker(kFirst, "api-worker.0", StreamKind::Stdout);
  write_text(out, std::string(1'000'000, 'x'));
  write_text(out, "\n{\"a\":1}\n");
  out.reset();
  REQUIRE(relay.stop());
  const auto lines = lines_of(*read_file(path));
  std::size_t total = 0;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i)
    total += Json::parse(lines[i]).at("msg").get<std::string>().size();
  REQUIRE(total == 1'000'000);
  REQUIRE(lines.size() == 1'000'000 / 65536 + 2);
  REQUIRE(Json::parse(lines.back()).at("a") == 1);
}

TEST_CASE("a program is reported ready once, when a line of its output matches") {
  Pipe output;
  Relay relay(sink_to(output.write));
  const Fd out = relay.worker(kFirst, "other.0", StreamKind::Stdout, "listening on port [0-9]+");
  write_text(out, "starting\nnow listening on port 80\nlistening on port 81\n");
  for (int i = 0; i < 3; ++i)
    read_line(output.read.get());
  wait_until([&] { return !relay.observer.ready().empty(); });
  REQUIRE(relay.observer.ready() == std::vector<core::ProcessId>{kFirst});
  Pipe other;
  const auto refused = relay.relay.add_stream(
      {kSecond, "other.1", 1, StreamKind::Stdout, std::move(other.read), "(unclosed"});
  REQUIRE_FALSE(refused);
  REQUIRE_THAT(refused.error().message, Catch::Contains("(unclosed"));
}

TEST_CASE("ready_log misses a line: one is matched whole, though it arrives in pieces, in colour") {
  struct Row {
    const char* name;
    const char* pattern;
    std::vector<std::string> pieces;  // each passed on before the next is written
  };
  const auto row = GENERATE(values<Row>({
      {"in two pieces", "^Loading … done$", {"Loading … ", "done\n"}},
      {"in many pieces", "^ready on port 80$", {"rea", "dy on ", "po", "rt 80\n"}},
      {"a newline on its own", "^ready$", {"Loading", "\nready\n"}},
      {"an escape sequence in two pieces", "^ready now$", {"ready\x1b[3", "2m now\x1b[0m\n"}},
      {"a prompt that stays unfinished", "^db> $", {"\x1b[1mdb>\x1b[0m "}},
      {"with a carriage return", "^ready$", {"ready\r\n"}},
      {"after much output on the same line", "ready$", {std::string(15000, '.'), " ready\n"}},
      {"after a line that is too long", "^ready$", {std::string(200'000, '.') + "\nready\n"}},
  }));
  INFO(row.name);
  Pipe output;
  Relay relay(sink_to(output.write), {.partial_flush = 1ms});
  const Collector reader(std::move(output.read));
  const Fd out = relay.worker(kFirst, "other.0", StreamKind::Stdout, row.pattern);
  const auto lines_read = [&] { return relay.relay.counters().programs["other"].lines; };
  for (const std::string& piece : row.pieces) {
    REQUIRE(relay.observer.ready().empty());
    const auto before = lines_read();
    write_text(out, piece);
    wait_until([&] { return lines_read() > before; });
  }
  wait_until([&] { return !relay.observer.ready().empty(); });
  relay.stop();
}

TEST_CASE("ready_log stalls the log: no pattern and no line holds up another program's output") {
  Pipe output;
  Relay relay(sink_to(output.write));
  const Collector reader(std::move(output.read));
  const Fd slow =
      relay.worker(kFirst, "slow.0", StreamKind::Stdout, ".*(listening|ready).*port.*[0-9]+.*");
  const Fd other = relay.worker(kSecond, "other.0", StreamKind::Stdout);
  // With a backtracking matcher each of these lines takes a third of a second.
  const std::string line = std::string(4000, 'x') + "\n";
  const auto began = relay.clock.mono();
  for (int i = 0; i < 200; ++i)
    write_text(slow, line);
  write_text(other, "still here\n");
  wait_until([&] { return relay.relay.counters().programs["other"].lines == 1; });
  CHECK(relay.clock.mono() - began < 10s);
  CHECK(relay.observer.ready().empty());
  relay.stop();
}

TEST_CASE("the last lines of a dead process include those that were not read before it died") {
  const TempDir directory;
  Relay relay(sink_to_file(directory.path() / "log"));
  const Launched worker = relay.launch(kFirst, "api-worker.0",
                                       {"--flood-log", "50", "--print-error", "terminate called",
                                        "--partial-line", "no newline", "--abort"});
  REQUIRE(wait_for(worker).signaled);
  std::promise<std::vector<std::string>> promise;
  relay.relay.after_drain(kFirst, 20, [&](auto lines) { promise.set_value(std::move(lines)); });
  const auto lines = promise.get_future().get();
  REQUIRE(lines.size() == 20);
  REQUIRE(lines.front().starts_with("32 "));
  REQUIRE(lines[18] == "no newline");
  REQUIRE(lines[19] == "terminate called");
  REQUIRE(relay.relay.tail(kFirst, 3).size() == 3);
  relay.relay.remove(kFirst);
  wait_until([&] { return relay.relay.tail(kFirst).empty(); });
  REQUIRE(relay.relay.tail(kSecond).empty());
}

TEST_CASE("a grandchild that keeps a pipe open does not delay the stop") {
  const TempDir directory;
  const auto path = directory.path() / "log";
  Relay relay(sink_to_file(path));
  Pipe out;
  Launcher launcher;
  auto worker = launcher.launch(
      misbehaving({"--fork-grandchild", "--print", "last line", "--exit", "0"}, out.write.get()));
  REQUIRE(worker);
  // `out.write` stays open here as well, as the grandchild's end does.
  REQUIRE(relay.relay.add_stream(
      {kFirst, "api-worker.0", worker->pid, StreamKind::Stdout, std::move(out.read), ""}));
  REQUIRE(wait_for(*worker).value == 0);
  std::promise<std::vector<std::string>> promise;
  relay.relay.after_drain(kFirst, 20, [&](auto lines) { promise.set_value(std::move(lines)); });
  REQUIRE(promise.get_future().get() == std::vector<std::string>{"last line"});
  REQUIRE(relay.stop());
  REQUIRE(lines_of(*read_file(path)).size() == 1);
}
