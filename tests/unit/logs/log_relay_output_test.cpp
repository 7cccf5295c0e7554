// SPDX-License-Identifier: Apache-2.0

// The relay when its output is stuck, full, gone or rotated: no worker blocks, and dropped lines
// are counted.

#include "common/os/file.hpp"
#include "tests/unit/logs/relay_fixture.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::logs;
using namespace holdfast::supervisor::logs::test;

namespace {

// 100 bytes each, like those of the misbehaving child.
constexpr std::uint64_t kFlood = 50'000;

RelayCounters::Program program(const Relay& relay, const std::string& name) {
  const auto counters = relay.relay.counters();
  const auto it = counters.programs.find(name);
  return it == counters.programs.end() ? RelayCounters::Program{} : it->second;
}

std::uint64_t count_lines(const std::string& text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("log pipe full: a stuck reader blocks no worker, and dropped lines are counted exactly") {
  Pipe output;
  Relay relay(sink_to(output.write), {.buffer = 64 * 1024, .stall_limit = 5ms});
  const Launched worker =
      relay.launch(kFirst, "api-worker.0", {"--flood-json", std::to_string(kFlood), "--exit", "0"});
  REQUIRE(wait_for(worker).value == 0);  // though nobody reads
  wait_until([&] { return program(relay, "api-worker").lines == kFlood; });
  REQUIRE(program(relay, "api-worker").dropped_lines > 0);

  Collector collector(std::move(output.read));
  REQUIRE(relay.stop());
  const std::uint64_t dropped = program(relay, "api-worker").dropped_lines;
  wait_until([&] { return count_lines(collector.text()) >= kFlood - dropped; });
  const auto lines = collector.lines();
  REQUIRE(lines.size() == kFlood - dropped);
  long last = -1;
  for (const std::string& line : lines) {
    const long n = Json::parse(line).at("n").get<long>();
    REQUIRE(n > last);
    last = n;
  }
}

TEST_CASE("a reader that recovers gets the lines that follow") {
  Pipe output;
  Relay relay(sink_to(output.write), {.buffer = 16 * 1024, .stall_limit = 1ms});
  const Fd out = relay.worker(kFirst, "api-worker.0", StreamKind::Stdout);
  std::string block;
  for (int i = 0; i < 1000; ++i)
    block += fmt::format("{{\"n\":{}}}\n", i);
  while (program(relay, "api-worker").dropped_lines == 0)
    write_text(out, block);
  Collector collector(std::move(output.read));
  // While its buffer drains lines may still be dropped: one that comes after has room.
  wait_until([&] {
    write_text(out, "{\"n\":\"after\"}\n");
    return collector.text().find("after") != std::string::npos;
  });
  REQUIRE(relay.stop());
}

TEST_CASE("a slow reader loses nothing") {
  Pipe output;
  // A stall that long never happens: the reader below always goes on.
  Relay relay(sink_to(output.write), {.buffer = 16 * 1024, .stall_limit = kHang});
  Fd out = relay.worker(kFirst, "api-worker.0", StreamKind::Stdout);
  constexpr int kLines = 5'000;
  std::thread writer([&] {
    for (int i = 0; i < kLines; ++i)
      write_text(out, fmt::format("{{\"n\":{}}}\n", i));
  });
  std::string text;
  char sip[512];
  while (count_lines(text) < kLines) {
    const ssize_t n = ::read(output.read.get(), sip, sizeof sip);
    REQUIRE(n > 0);
    text.append(sip, static_cast<std::size_t>(n));
  }
  writer.join();
  const auto lines = lines_of(text);
  for (int i = 0; i < kLines; ++i)
    REQUIRE(Json::parse(lines[static_cast<std::size_t>(i)]).at("n") == i);
  REQUIRE(program(relay, "api-worker").dropped_lines == 0);
}

TEST_CASE("log pipe full: a full disk blocks no worker, and dropped lines are counted") {
  Relay relay(sink_to_file("/dev/full"));
  const Launched worker =
      relay.launch(kFirst, "api-worker.0", {"--flood-log", std::to_string(kFlood), "--exit", "0"});
  REQUIRE(wait_for(worker).value == 0);
  relay.relay.submit("{\"own\":1}");
  REQUIRE(relay.stop());
  const auto counters = relay.relay.counters();
  REQUIRE(counters.programs.at("api-worker").lines == kFlood);
  REQUIRE(counters.programs.at("api-worker").dropped_lines == kFlood);
  REQUIRE(counters.programs.at("").dropped_lines == 1);
  REQUIRE(counters.write_errors > 0);
  REQUIRE(counters.last_error == ENOSPC);
}

TEST_CASE("a reader that disconnected blocks no worker") {
  Pipe output;
  Relay relay(sink_to(output.write));
  output.read.reset();
  const Launched worker =
      relay.launch(kFirst, "api-worker.0", {"--flood-log", "10000", "--exit", "0"});
  REQUIRE(wait_for(worker).value == 0);
  REQUIRE(relay.stop());
  const auto counters = relay.relay.counters();
  REQUIRE(counters.programs.at("api-worker").dropped_lines == 10000);
  REQUIRE(counters.last_error == EPIPE);
}

TEST_CASE("rotation neither loses nor duplicates a line") {
  const TempDir directory;
  const auto path = directory.path() / "log";
  Relay relay(sink_to_file(path, 100'000, 1000));
  const Launched worker =
      relay.launch(kFirst, "api-worker.0", {"--flood-json", "20000", "--exit", "0"});
  REQUIRE(wait_for(worker).value == 0);
  REQUIRE(relay.stop());
  const auto rotations = relay.relay.counters().rotations;
  REQUIRE(rotations > 10);
  long next = 0;
  for (std::uint64_t n = rotations + 1; n-- > 0;) {
    const auto file = n == 0 ? path : std::filesystem::path(fmt::format("{}.{}", path.native(), n));
    const std::string text = *read_file(file);
    REQUIRE(text.size() <= 100'000);
    for (const std::string& line : lines_of(text))
      REQUIRE(Json::parse(line).at("n") == next++);
  }
  REQUIRE(next == 20000);
}

TEST_CASE("reopen (SIGUSR1) continues in a new file without losing a line") {
  const TempDir directory;
  const auto path = directory.path() / "log";
  const auto moved = directory.path() / "log.moved";
  Relay relay(sink_to_file(path));
  Fd out = relay.worker(kFirst, "api-worker.0", StreamKind::Stdout);
  write_text(out, "{\"n\":1}\n");
  wait_until([&] { return read_file(path).value_or("").find("\"n\":1") != std::string::npos; });
  std::filesystem::rename(path, moved);
  relay.relay.reopen();
  wait_until([&] { return std::filesystem::exists(path); });
  write_text(out, "{\"n\":2}\n");
  out.reset();
  REQUIRE(relay.stop());
  REQUIRE(lines_of(*read_file(moved)).size() == 1);
  REQUIRE(Json::parse(*read_file(path)).at("n") == 2);
}

TEST_CASE("stopping writes everything that was written before it") {
  const TempDir directory;
  const auto path = directory.path() / "log";
  Relay relay(sink_to_file(path));
  const Fd out = relay.worker(kFirst, "api-worker.0", StreamKind::Stdout);
  write_text(out, "{\"n\":1}\n{\"n\":2}\nunfinished");
  relay.relay.submit("{\"own\":1}");
  REQUIRE(relay.stop());
  REQUIRE(lines_of(*read_file(path)).size() == 4);
  REQUIRE(relay.stop());  // and once more does no harm
}

TEST_CASE("with a stuck reader, stopping ends at its deadline and counts the rest as dropped") {
  Pipe output;
  Relay relay(sink_to(output.write));
  const Fd out = relay.worker(kFirst, "api-worker.0", StreamKind::Stdout);
  std::string block;
  for (int i = 0; i < 3000; ++i)
    block += std::string(99, 'x') + "\n";
  write_text(out, block);
  wait_until([&] { return program(relay, "api-worker").lines == 3000; });
  REQUIRE_FALSE(relay.relay.flush_and_stop(relay.clock.mono() + 10ms));
  const auto counters = program(relay, "api-worker");
  REQUIRE(counters.lines == 3000);
  REQUIRE(counters.dropped_lines > 0);
  REQUIRE(counters.dropped_lines < 3000);
}

TEST_CASE("more of the supervisor's own lines than the mailbox holds are dropped and counted") {
  Pipe output;
  Relay relay(sink_to(output.write), {.buffer = 4096, .stall_limit = 10ms});
  const std::string line(10'000, 'x');
  std::uint64_t sent = 0;
  while (program(relay, "").dropped_lines == 0) {
    relay.relay.submit(line);
    ++sent;
  }
  REQUIRE(sent > 1);
}
