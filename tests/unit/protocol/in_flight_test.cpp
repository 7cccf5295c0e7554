// SPDX-License-Identifier: Apache-2.0
#include "common/protocol/in_flight.hpp"

#include "tests/support/catch.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

using namespace holdfast;
using namespace holdfast::protocol;

namespace {

MonoTime at(int second) {
  return MonoTime(std::chrono::seconds(second));
}

struct Memory {
  Fd fd = make_in_flight_memory().value();
  InFlightTable table = InFlightTable::map(fd).value();

  std::vector<InFlightEntry> read() const { return read_in_flight(fd.get()).value().entries; }
  InFlightTable::Slot begin(const std::string& id, int second = 1) {
    return table.begin(InFlightKind::Request, id, "GET", "/x", at(second));
  }
};

}  // namespace

TEST_CASE("what was begun and not ended is read, the oldest first") {
  Memory memory;
  memory.table.begin(InFlightKind::Request, "abc", "POST", "/api/documents", at(5));
  const auto ended = memory.begin("ended");
  memory.table.begin(InFlightKind::Job, "def", "job 4711,", "document d1", at(3));
  memory.table.end(ended);
  CHECK(memory.read() ==
        std::vector<InFlightEntry>{{InFlightKind::Job, "def", "job 4711, document d1", at(3)},
                                   {InFlightKind::Request, "abc", "POST /api/documents", at(5)}});
}

TEST_CASE("the memory outlives the table that was written through") {
  Memory memory;
  memory.begin("killed");
  memory.table = InFlightTable();
  REQUIRE(memory.read().size() == 1);
  CHECK(memory.read()[0].id == "killed");
}

TEST_CASE("texts of every length come back whole, up to the limit") {
  Memory memory;
  for (std::size_t size = 0; size <= kInFlightIdBytes; ++size) {
    const std::string id(size, 'x');
    const auto slot = memory.begin(id);
    REQUIRE(memory.read().size() == 1);
    REQUIRE(memory.read()[0].id == id);
    REQUIRE(memory.read()[0].what == "GET /x");
    memory.table.end(slot);
  }
}

TEST_CASE("texts that are too long are cut") {
  Memory memory;
  const std::string text(1000, 'y');
  memory.table.begin(InFlightKind::Request, text, text, text, at(1));
  memory.table.begin(InFlightKind::Request, text, "GET", text, at(2));
  const auto entries = memory.read();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].id == text.substr(0, kInFlightIdBytes));
  CHECK(entries[0].what == text.substr(0, kInFlightWhatBytes - 1) + " ");
  CHECK(entries[1].what == "GET " + text.substr(0, kInFlightWhatBytes - 4));
}

TEST_CASE("what finds no slot is counted, and its end as well") {
  Memory memory;
  std::vector<InFlightTable::Slot> slots;
  for (std::size_t i = 0; i < kInFlightSlots + 3; ++i)
    slots.push_back(memory.begin("id"));
  auto contents = read_in_flight(memory.fd.get()).value();
  CHECK(contents.entries.size() == kInFlightSlots);
  CHECK(contents.unlisted == 3);
  for (const auto slot : slots)
    memory.table.end(slot);
  contents = read_in_flight(memory.fd.get()).value();
  CHECK(contents.entries.empty());
  CHECK(contents.unlisted == 0);
  memory.begin("again");
  CHECK(memory.read().size() == 1);
}

TEST_CASE("without memory nothing is kept, and nothing fails") {
  InFlightTable table;
  const auto slot = table.begin(InFlightKind::Job, "a", "b", "c", at(1));
  CHECK(slot == InFlightTable::kNone);
  table.end(slot);
}

TEST_CASE("its size cannot be changed by anyone, so that reading it cannot fail half-way") {
  const Memory memory;
  CHECK(::ftruncate(memory.fd.get(), 0) != 0);
  CHECK(::ftruncate(memory.fd.get(), 1 << 20) != 0);
  CHECK(::fcntl(memory.fd.get(), F_ADD_SEALS, F_SEAL_WRITE) != 0);
}

TEST_CASE("other descriptors are refused: a file, a memfd that could shrink, one of another size") {
  const Fd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  CHECK_FALSE(read_in_flight(file.get()));
  CHECK_FALSE(InFlightTable::map(file));
  const Fd unsealed(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(unsealed.get(), kInFlightBytes) == 0);
  CHECK_FALSE(read_in_flight(unsealed.get()));
  const Fd small(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::fcntl(small.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
  CHECK_FALSE(read_in_flight(small.get()));
  CHECK_FALSE(read_in_flight(-1));
}

TEST_CASE("whatever a hostile worker writes, texts are bounded and printable") {
  const Memory memory;
  std::mt19937 random(1);
  std::string noise(kInFlightBytes, '\0');
  for (int round = 0; round < 50; ++round) {
    for (char& c : noise)
      c = round == 0 ? '\xff' : static_cast<char>(random());
    REQUIRE(::pwrite(memory.fd.get(), noise.data(), noise.size(), 0) ==
            static_cast<ssize_t>(noise.size()));
    const auto entries = memory.read();
    CHECK(entries.size() <= kInFlightSlots);
    for (const InFlightEntry& entry : entries) {
      REQUIRE(entry.id.size() <= kInFlightIdBytes);
      REQUIRE(entry.what.size() <= kInFlightWhatBytes);
      for (const char c : entry.id + entry.what)
        REQUIRE((c >= 0x20 && c <= 0x7e));
    }
  }
}

TEST_CASE("a reader never takes half of one text and half of another for one") {
  Memory memory;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> written{0};
  std::thread writer([&] {
    for (std::uint64_t i = 0; !stop; ++i) {
      const auto letter = static_cast<char>('a' + i % 26);
      const std::string text(50 + i % 26, letter);
      const auto slot =
          memory.table.begin(InFlightKind::Request, text, text.substr(0, 20), text, at(1));
      written = i + 1;
      if (i % 3 == 0) std::this_thread::yield();
      memory.table.end(slot);
    }
  });
  std::uint64_t seen = 0;
  std::size_t torn = 0;
  while (seen < 300 || written < 20'000) {
    for (const InFlightEntry& entry : memory.read()) {
      ++seen;
      const char letter = entry.id.empty() ? '?' : entry.id[0];
      const std::size_t size = 50 + static_cast<std::size_t>(letter - 'a');
      const bool whole =
          entry.id == std::string(size, letter) && entry.what.size() == 21 + size &&
          entry.what.find_first_not_of(std::string{letter, ' '}) == std::string::npos;
      torn += whole ? 0 : 1;
    }
  }
  stop = true;
  writer.join();
  CHECK(torn == 0);
}
