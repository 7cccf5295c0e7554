// SPDX-License-Identifier: Apache-2.0
// A program that floods rotates the log away, and not what the others have written.
#include "supervisor/logs/kept_lines.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/logs/relay_fixture.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

using namespace holdfast;
using namespace holdfast::supervisor::logs;
using namespace holdfast::supervisor::logs::test;
using holdfast::test::TempDir;

namespace {

std::string lines_in(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::string line_of(const std::string& worker, const std::string& message) {
  return "{\"msg\":\"" + message + "\",\"worker\":\"" + worker + "\",\"pid\":1}\n";
}

}  // namespace

TEST_CASE("a line of the log says which program it is of") {
  CHECK(program_of_line(R"({"msg":"x","worker":"api-worker.0","pid":1})") == "api-worker");
  CHECK(program_of_line(R"({"msg":"\"worker\":\"other.0\"","worker":"web.12","pid":1})") == "web");
  CHECK(program_of_line(R"({"worker":"holdfast","msg":"x"})") == "holdfast");
  CHECK(program_of_line("web.3 | {\"worker\":\"other.0\"}") == "web");
  CHECK(program_of_line("12:00:00.000 INFO  fleet ready").empty());
  CHECK(program_of_line("").empty());
}

TEST_CASE("of a file that one program has filled, the lines of the others are kept in order") {
  const TempDir dir;
  {
    std::ofstream file(dir / "log.9");
    for (int i = 0; i < 1000; ++i) {
      file << line_of("loud.0", "flood");
      if (i % 500 == 0) file << line_of("quiet.0", "matters " + std::to_string(i));
    }
  }
  const std::string before = lines_in(dir / "log.9");
  keep_quiet_lines(dir / "log.9", dir / "log.kept", 10'000);
  const std::string wanted = line_of("quiet.0", "matters 0") + line_of("quiet.0", "matters 500");
  CHECK(lines_in(dir / "log.kept") == wanted);
  CHECK(lines_in(dir / "log.9") == before);
  keep_quiet_lines(dir / "log.9", dir / "log.kept", 10'000);
  CHECK(lines_in(dir / "log.kept") == wanted + wanted);
  // Bounded: what was kept before goes to a second file, and then away.
  keep_quiet_lines(dir / "log.9", dir / "log.kept", 2 * wanted.size());
  CHECK(lines_in(dir / "log.kept") == wanted);
  CHECK(lines_in(dir / "log.kept.1") == wanted + wanted);
}

TEST_CASE("where nobody floods, nothing is kept twice") {
  const TempDir dir;
  {
    std::ofstream file(dir / "log.9");
    for (int i = 0; i < 100; ++i)
      file << line_of("a.0", "x") << line_of("b.0", "x") << line_of("c.0", "x");
  }
  keep_quiet_lines(dir / "log.9", dir / "log.kept", 1 << 20);
  CHECK_FALSE(std::filesystem::exists(dir / "log.kept"));
  keep_quiet_lines(dir / "missing", dir / "log.kept", 1 << 20);
  CHECK_FALSE(std::filesystem::exists(dir / "log.kept"));
}

TEST_CASE(
    "a pipe in the place of a rotated file, or of what is kept, is neither waited for nor used") {
  const TempDir dir;
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  keep_quiet_lines(dir / "pipe", dir / "log.kept", 10'000);
  CHECK_FALSE(std::filesystem::exists(dir / "log.kept"));
  {
    std::ofstream file(dir / "log.9");
    for (int i = 0; i < 100; ++i)
      file << line_of("loud.0", "flood");
    file << line_of("quiet.0", "matters");
  }
  keep_quiet_lines(dir / "log.9", dir / "pipe", 10'000);
  const Fd reader(::open((dir / "pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(reader);
  keep_quiet_lines(dir / "log.9", dir / "pipe", 10'000);
  char byte = 0;
  CHECK(::read(reader.get(), &byte, 1) == 0);
  CHECK(std::filesystem::is_fifo(dir / "pipe"));

  // The log itself goes on.
  const auto sink = sink_to_file(dir / "log", 10'000, 2);
  for (const char* const name : {"log.1", "log.kept"})
    REQUIRE(::mkfifo((dir / name).c_str(), 0600) == 0);
  sink->write(line_of("quiet.0", "the one that matters"));
  for (int i = 0; i < 1000; ++i)
    sink->write(line_of("loud.0", "flood " + std::to_string(i)));
  CHECK(sink->rotations() >= 3);
  CHECK(std::filesystem::is_regular_file(dir / "log.1"));
}

TEST_CASE("the log itself keeps them when it rotates") {
  for (const std::uint32_t files : {1u, 3u}) {
    const TempDir dir;
    const auto sink = sink_to_file(dir / "log", 10'000, files);
    sink->write(line_of("quiet.0", "the one that matters"));
    for (int i = 0; i < 1000; ++i)
      sink->write(line_of("loud.0", "flood " + std::to_string(i)));
    CHECK(sink->rotations() >= 3);
    CHECK(lines_in(dir / "log.kept") == line_of("quiet.0", "the one that matters"));
  }
}
