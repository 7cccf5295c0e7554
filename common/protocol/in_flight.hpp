// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a worker is at, in memory that outlives it: the ids of the requests and jobs that it has
// begun and not ended. The supervisor makes the memory, one for each process, and reads it when
// that process has died, however that was: kill -9 leaves it as it is.
//
// The memory is a header and kInFlightSlots slots of fixed size, of which the header counts those
// that were ever used: the others are never touched, and take no room. A slot is published by the
// store of its state: 0 is free, odd is being written, even is complete, and no value comes twice.
// The reader takes a text only if it found the same complete state before and after it. So nothing
// is locked, and what a process was writing when it died is left out rather than shown torn.
//
// The reader trusts nothing: whatever the memory holds, sizes are bounded and texts are printable
// ASCII; and since the size of the memory is sealed, reading it cannot fail half-way (SIGBUS).
//
// Threads: an InFlightTable belongs to one thread. make_ and read_in_flight: any; reading is safe
// while the worker writes.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::protocol {

inline constexpr std::size_t kInFlightSlots = 255;
inline constexpr std::size_t kInFlightIdBytes = 128;
inline constexpr std::size_t kInFlightWhatBytes = 104;
inline constexpr std::size_t kInFlightSlotBytes = 256;
inline constexpr std::size_t kInFlightBytes = (kInFlightSlots + 1) * kInFlightSlotBytes;  // 64 KiB

enum class InFlightKind : std::uint8_t { Request = 1, Job = 2 };

class InFlightTable {
 public:
  using Slot = std::uint32_t;
  static constexpr Slot kNone = ~Slot{0};       // nothing was begun
  static constexpr Slot kUnlisted = kNone - 1;  // begun while all slots were taken: counted

  // Of a worker that runs alone: keeps nothing.
  InFlightTable() = default;
  // InvalidArgument if it is not the memory that make_in_flight_memory() makes. The descriptor may
  // be closed afterwards.
  static Result<InFlightTable> map(const Fd& memory);

  InFlightTable(InFlightTable&& other) noexcept;
  InFlightTable& operator=(InFlightTable&& other) noexcept;
  ~InFlightTable();

  // Texts that are too long are cut. What is listed is "VERB OBJECT".
  Slot begin(InFlightKind kind, std::string_view id, std::string_view verb, std::string_view object,
             MonoTime started) noexcept;
  void end(Slot slot) noexcept;

 private:
  explicit InFlightTable(std::span<std::uint64_t> words);

  std::span<std::uint64_t> words_;  // the memory; empty: keeps nothing
  std::uint64_t generation_ = 0;
  std::uint64_t unlisted_ = 0;
  std::uint64_t used_ = 0;                           // slots that were ever taken: the first ones
  std::array<std::uint8_t, kInFlightSlots> free_{};  // a stack: few pages are ever touched
  std::size_t free_count_ = 0;
};

// Zeroed memory whose size is sealed.
Result<Fd> make_in_flight_memory();

struct InFlightEntry {
  InFlightKind kind = InFlightKind::Request;
  std::string id;
  std::string what;
  MonoTime started{};
  bool operator==(const InFlightEntry&) const = default;
};

struct InFlightContents {
  std::vector<InFlightEntry> entries;  // the oldest first
  std::uint64_t unlisted = 0;          // begun as well, but there was no slot
};

// The descriptor must be of make_in_flight_memory().
Result<InFlightContents> read_in_flight(int memory);

}  // namespace holdfast::protocol
