// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/priority_sink.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/logs/relay_fixture.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <random>

namespace holdfast::supervisor::logs {

namespace {

// Takes a random part of each write, as a pipe that is nearly full does.
class Grudging final : public LogSink {
 public:
  explicit Grudging(std::string& text) : text_(text) {}
  Written write(std::string_view lines) override {
    if (torn_) {
      text_ += '\n';
      torn_ = false;
      at_line_start_ = true;
    }
    const std::size_t bytes = std::min<std::size_t>(random_() % 7, lines.size());
    text_ += lines.substr(0, bytes);
    if (bytes > 0) at_line_start_ = lines[bytes - 1] == '\n';
    return {bytes, bytes == lines.size() ? Outcome::Done : Outcome::WouldBlock, 0};
  }
  int poll_fd() const override { return -1; }

 private:
  std::string& text_;
  std::mt19937 random_{3};
};

const std::string kLines =
    "{\"time\":\"2026-11-29T10:00:00.000Z\",\"level\":\"error\",\"msg\":\"a\"}\n"
    "{\"time\":\"2026-11-29T10:00:00.000Z\",\"level\":\"debug\",\"msg\":\"b\"}\n"
    "\n"
    "api.0 | 10:00:00.000 WARN  c\n";
const std::string kPrefixed =
    "<3>{\"time\":\"2026-11-29T10:00:00.000Z\",\"level\":\"error\",\"msg\":\"a\"}\n"
    "<7>{\"time\":\"2026-11-29T10:00:00.000Z\",\"level\":\"debug\",\"msg\":\"b\"}\n"
    "<6>\n"
    "<4>api.0 | 10:00:00.000 WARN  c\n";

}  // namespace

TEST_CASE("each line begins with its priority, however little is taken at a time") {
  std::string written;
  auto sink = make_priority_sink(std::make_unique<Grudging>(written));
  std::string expected;
  for (int round = 0; round < 50; ++round) {
    std::string_view rest = kLines;
    while (!rest.empty())
      rest.remove_prefix(sink->write(rest).bytes);
    expected += kPrefixed;
  }
  CHECK(written == expected);
}

TEST_CASE("a line that was given up does not take the next one's priority") {
  std::string written;
  auto sink = make_priority_sink(std::make_unique<Grudging>(written));
  for (int round = 0; round < 200; ++round) {
    sink->write(kLines);
    sink->skip_rest_of_line();
  }
  std::string_view rest = written;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.size() >= 3) CHECK(line.starts_with('<'));
    if (line.size() > 3) CHECK(line.find('<', 1) == std::string_view::npos);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
}

TEST_CASE("the journal is known by its device and inode") {
  const test::Pipe pipe;
  struct stat info {};
  REQUIRE(::fstat(pipe.write.get(), &info) == 0);
  CHECK(is_journal(pipe.write.get(), fmt::format("{}:{}", info.st_dev, info.st_ino)));
  CHECK_FALSE(is_journal(pipe.write.get(), fmt::format("{}:{}", info.st_dev, info.st_ino + 1)));
  CHECK_FALSE(is_journal(pipe.write.get(), ""));
  CHECK_FALSE(is_journal(-1, "1:1"));
}

TEST_CASE("what states no level is information") {
  CHECK(priority_of_line("") == '6');
  CHECK(priority_of_line("{}") == '6');
  CHECK(priority_of_line(R"({"msg":"\"level\":\"error\""})") == '6');
  CHECK(priority_of_line(R"({"time":"t","level":"trace"})") == '7');
}

}  // namespace holdfast::supervisor::logs
