// SPDX-License-Identifier: Apache-2.0
#include "common/log/level_page.hpp"

#include "tests/unit/log/support.hpp"

#include <fcntl.h>
#include <sys/mman.h>

namespace holdfast::log {

namespace {

LevelPage opened(const LevelPage& page) {
  auto other = LevelPage::open(Fd(::fcntl(page.fd(), F_DUPFD_CLOEXEC, 3)));
  REQUIRE(other);
  return std::move(*other);
}

}  // namespace

TEST_CASE("a chosen level applies to a running logger, and ends") {
  auto page = LevelPage::create();
  REQUIRE(page);
  const LevelPage worker = opened(*page);
  Pipe pipe;
  LogOptions options = options_for(Level::Info, Format::Json, pipe.write_end());
  options.chosen_level = worker.at(3);
  const Logger log(options);
  log.debug("a");
  page->choose(3, Level::Debug);
  log.debug("b");
  page->choose(2, Level::Error);  // another worker's
  log.debug("c");
  page->choose_all(Level::Error);
  log.warn("d");
  page->choose_all(std::nullopt);
  log.info("e");
  log.debug("f");
  const auto lines = lines_of(pipe.drain());
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].find(R"("msg":"b")") != std::string::npos);
  CHECK(lines[1].find(R"("msg":"c")") != std::string::npos);
  CHECK(lines[2].find(R"("msg":"e")") != std::string::npos);
}

TEST_CASE("whoever gets the page can only read it") {
  auto page = LevelPage::create();
  REQUIRE(page);
  const LevelPage worker = opened(*page);
  CHECK(::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, worker.fd(), 0) == MAP_FAILED);
  CHECK(::pwrite(worker.fd(), "\1", 1, 0) == -1);
  CHECK(::ftruncate(worker.fd(), 0) == -1);
  CHECK(worker.at(LevelPage::kSlots) == nullptr);
}

TEST_CASE("another descriptor is refused") {
  CHECK_FALSE(LevelPage::open(Fd(::memfd_create("other", MFD_CLOEXEC))));
  CHECK_FALSE(LevelPage::open(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))));
  CHECK_FALSE(LevelPage::open(Fd()));
}

}  // namespace holdfast::log
