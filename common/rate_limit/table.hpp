// SPDX-License-Identifier: Apache-2.0
#pragma once

// Table: the sliding windows of all keys, in one piece of shared memory of fixed size. Every API
// worker of a host maps the same piece, so that a limit is one limit whatever worker a request
// hits, and it outlives each of them.
//
// Guarantees
// - Exact: of any number of concurrent requests for one key, in any number of processes, exactly as
//   many are admitted as the window allows (window.hpp says what that is).
// - No locks. A process may be killed at any instruction: nothing is left that others wait for. At
//   worst its last admission was counted and never used.
// - Bounded: kSets sets of kWays slots. A key can only be in the set that its hash names; the hash
// is
//   keyed with a secret that is drawn anew with the memory, so nobody can choose a set.
//
// When a set is full of keys that are all within their window, the one with the fewest admissions
// is forgotten: it starts afresh when it comes back. So an attacker who sends from more addresses
// than the table holds is not limited by address (each of his addresses is worth the limit anyway),
// his random keys push out each other before they push out a client who is near his limit, and
// nobody is ever refused because the table is full.
//
// Refused requests are not counted: a client who keeps asking is admitted again as soon as his
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
  // production. InvalidArgument if it holds something else, such as the table of another version.
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
