// SPDX-License-Identifier: Apache-2.0
#pragma once

// Table: the sliding windows of all keys, in shared memory of a fixed size. Every API worker of a
// host maps the same memory, so a client has one limit whichever workers its requests reach, and
// the counts survive the workers.
//
// Guarantees
// - Exact: of any number of concurrent requests for one key, in any number of processes, exactly as
//   many are admitted as the window allows (defined in window.hpp).
// - No locks. A process may be killed at any instruction without leaving anything that others wait
//   for. At worst its last admission was counted but never used.
// - Bounded: kSets sets of kWays slots. A key can only be in the set that its hash selects. The
//   hash is keyed with a secret drawn when the memory is created, so nobody can aim for a set.
//
// If a set is full of keys that are all within their window, the one with the fewest admissions is
// evicted, and starts from zero when it returns. An attacker with more addresses than the table
// holds is therefore not limited by address (each address is worth the limit anyway), but random
// keys evict each other before they evict a client near its limit, and nobody is ever refused
// because the table is full.
//
// Refused requests are not counted: a client that keeps asking is admitted again as soon as its
// window allows.
//
// Threads: any thread, any process. The memory outlives the table.

#include "common/base/result.hpp"
#include "common/rate_limit/siphash.hpp"
#include "common/rate_limit/slot.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace holdfast::rate_limit {

inline constexpr std::size_t kSets = 8192;
inline constexpr std::size_t kWays = 8;
inline constexpr std::size_t kTableBytes = 4096 + kSets * kWays * sizeof(Slot);

class Table {
 public:
  // `memory`: page-aligned, zeroed before its first use, at least one set long; kTableBytes in
  // production. InvalidArgument if it holds anything else, such as a table of another version.
  static Result<Table> attach(std::span<std::byte> memory);

  // `now`: CLOCK_MONOTONIC, which all processes of a host share.
  RateDecision decide(const Policy& policy, std::string_view key, Duration now, Count count) const;

 private:
  struct Header;

  Table(SipKey secret, std::span<Slot> slots) : secret_(secret), slots_(slots) {}
  std::uint64_t hash(const Policy& policy, std::string_view key) const;
  std::span<Slot> set_of(std::uint64_t hash) const;

  SipKey secret_;
  std::span<Slot> slots_;
};

}  // namespace holdfast::rate_limit
