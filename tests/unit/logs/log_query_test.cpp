// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/log_query.hpp"

#include "supervisor/logs/log_history.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/logs/relay_fixture.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace holdfast::supervisor::logs {

namespace {

using holdfast::test::TempDir;

constexpr std::string_view kError =
    R"({"time":"2026-11-29T10:00:00.500Z","level":"error","msg":"no route","request_id":"r-1","worker":"api.0","pid":1})";
constexpr std::string_view kInfo =
    R"({"time":"2026-11-29T10:00:01Z","level":"info","msg":"r-1 is not its id","worker":"web.1","pid":2})";
constexpr std::string_view kPretty = "api.0 | 10:00:00.123 ERROR no route request_id=r-1";

std::vector<std::string> rest_of(LogHistory& history) {
  std::vector<std::string> lines;
  while (const auto line = history.next())
    lines.emplace_back(*line);
  return lines;
}

LogHistory opened(const std::filesystem::path& file, bool whole = true) {
  auto history = LogHistory::open(file, whole);
  REQUIRE(history);
  return std::move(*history);
}

}  // namespace

TEST_CASE("a moment is so long ago, or a time in UTC") {
  const WallTime now = from_unix_ms(1'795'946'400'000);  // 2026-11-29T10:00:00Z
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"10m", "2026-11-29T09:50:00.000Z"},
      {"1h30m", "2026-11-29T08:30:00.000Z"},
      {"2026-11-29T08:00:00Z", "2026-11-29T08:00:00Z"},
      {"2026-11-29T08:00:00+02:00", "2026-11-29T06:00:00.000Z"},
      {"2026-11-29 08:00:30", "2026-11-29T08:00:30.000Z"},
      {"2026-11-29 08:00", "2026-11-29T08:00:00.000Z"},
      {"2026-11-29", "2026-11-29T00:00:00Z"},
  }));
  INFO(text);
  const auto moment = parse_moment(text, now);
  REQUIRE(moment);
  CHECK_FALSE(is_earlier(*moment, expected));
  CHECK_FALSE(is_earlier(expected, *moment));
  for (const char* wrong :
       {"", "10", "yesterday", "10:00", "2026-13-01", "1700000000", "29.11.2026"})
    CHECK_FALSE(parse_moment(wrong, now));
}

TEST_CASE("times compare whatever their precision") {
  CHECK(is_earlier("2026-11-29T10:00:00Z", "2026-11-29T10:00:00.001Z"));
  CHECK(is_earlier("2026-11-29T10:00:00.9Z", "2026-11-29T10:00:01Z"));
  CHECK_FALSE(is_earlier("2026-11-29T10:00:00.000Z", "2026-11-29T10:00:00Z"));
  CHECK_FALSE(is_earlier("2026-11-29T10:00:00Z", "2026-11-29T10:00:00.000Z"));
}

TEST_CASE("a query wants the lines that say all that it asks for") {
  LogQuery query;
  CHECK(query.wants(kError));
  CHECK_FALSE(query.filters());
  query.level = log::Level::Warn;
  CHECK(query.wants(kError));
  CHECK(query.wants(kPretty));
  CHECK_FALSE(query.wants(kInfo));
  query.names = {"web"};
  CHECK_FALSE(query.wants(kError));
  query.names = {"api.0"};
  CHECK(query.wants(kPretty));
  query = {};
  query.request_id = "r-1";
  CHECK(query.wants(kError));
  CHECK(query.wants(kPretty));
  CHECK_FALSE(query.wants(kInfo));
  query = {};
  query.since = "2026-11-29T10:00:00.500Z";
  query.until = "2026-11-29T10:00:01Z";
  CHECK(query.wants(kError));
  CHECK_FALSE(query.wants(kInfo));
  CHECK_FALSE(query.wants(kPretty));  // it does not say its day
  query = {};
  auto pattern = text::Pattern::compile("no ro.te");
  REQUIRE(pattern);
  query.grep.emplace(std::move(*pattern));
  CHECK(query.wants(kError));
  CHECK_FALSE(query.wants(kInfo));
}

TEST_CASE("the history of a log is read over its rotated files, the oldest first") {
  const TempDir dir;
  const auto file = dir / "log";
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(dir / name) << text;
  };
  write("log.kept", "a\n");
  write("log.2", "b\nc");  // torn
  write("log.1", "d\n");
  write("log", "e\nf\npart");
  LogHistory history = opened(file);
  CHECK(rest_of(history) == std::vector<std::string>{"a", "b", "c", "d", "e", "f"});
  std::ofstream(file, std::ios::app) << "ial\n";
  CHECK(rest_of(history) == std::vector<std::string>{"partial"});
  CHECK(rest_of(history).empty());
  LogHistory end = opened(file, false);
  CHECK(rest_of(end).empty());
  CHECK_FALSE(LogHistory::open(dir / "none", true));
  CHECK_FALSE(LogHistory::open(dir.path(), true));
}

TEST_CASE("a reader that follows sees every line once, through any number of rotations") {
  const TempDir dir;
  const auto path = dir / "log";
  auto sink = test::sink_to_file(path, 4096, 50);
  REQUIRE(sink->write("0\n").bytes == 2);
  LogHistory history = opened(path);
  int expected = 0;
  int written = 1;
  for (int round = 0; round < 40; ++round) {
    // From none to several rotations between two looks.
    for (int i = 0; i < round * 37; ++i) {
      const std::string line = fmt::format("{}\n", written++);
      REQUIRE(sink->write(line).bytes == line.size());
    }
    for (const std::string& line : rest_of(history))
      REQUIRE(line == std::to_string(expected++));
    for (const std::string& line : rest_of(history))
      REQUIRE(line == std::to_string(expected++));
    REQUIRE(expected == written);
  }
  REQUIRE(sink->rotations() > 10);
}

TEST_CASE("with a single file, which a rotation empties, the reader starts over") {
  const TempDir dir;
  auto sink = test::sink_to_file(dir / "log", 64, 1);
  LogHistory history = opened(dir / "log");
  REQUIRE(sink->write(std::string(60, 'a') + "\n").bytes == 61);
  CHECK(rest_of(history).size() == 1);
  REQUIRE(sink->write("next\n").bytes == 5);
  CHECK(rest_of(history) == std::vector<std::string>{"next"});
}

TEST_CASE("a line without end is passed on in pieces") {
  const TempDir dir;
  std::ofstream(dir / "log") << std::string(3 * LogHistory::kMaxLine, 'x') << "\nend\n";
  LogHistory history = opened(dir / "log");
  const auto lines = rest_of(history);
  CHECK(lines.back() == "end");
  std::size_t bytes = 0;
  for (const std::string& line : lines)
    bytes += line.size();
  CHECK(bytes == 3 * LogHistory::kMaxLine + 3);
}

}  // namespace holdfast::supervisor::logs
