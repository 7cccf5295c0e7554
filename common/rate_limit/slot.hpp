// SPDX-License-Identifier: Apache-2.0
#pragma once

// Slot: the counter of one key, in memory that several processes write concurrently and any of them
// may die in at any instruction. Its owner is the key whose tag it holds.
//
//   state    [tag 32][tentative 1][total 31]   the owner, and the running total
//   expiry   [milliseconds 48][live 16]        a hint for eviction; no admission depends on it
//   birth    [tag 32][part 32]                 when the owner claimed it: older marks are not its
//   own marks    [tag 11][part 22][total 31] each  the total when a part began
//
// One compare-and-swap of `state` is the admission: it fails if there was another admission, or the
// slot changed owners, since the total was read. Everything before it only prepares:
//
// - The mark of the present part is set before anything is admitted in it. A process that dies
//   between the two leaves a mark that is correct and an admission that never happened.
// - A new owner continues the old total, and the old owner's marks stay in place: they are older
//   than the birth, or carry another tag. One in 1,024 new owners shares the tag bits of a mark and
//   takes over the old owner's mark of the present part, with its admissions in that part.
//
// A tag is tentative while the claiming process makes sure that the key has no second slot
// (table.cpp).
//
// Threads: any, any process that maps the memory. Lock-free; sequentially consistent.

#include "common/rate_limit/window.hpp"

#include <atomic>
#include <optional>

namespace holdfast::rate_limit {

using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free, "a lock would be left behind by a dead process");

// 0 means none. The low bit is always set, so the bits that marks carry are never 0 either.
using Tag = std::uint64_t;
inline constexpr unsigned kTagBits = 32;
constexpr Tag tag_of(std::uint64_t hash) {
  return (hash >> (64 - kTagBits)) | 1;
}

struct SlotState {
  Tag tag = 0;
  bool tentative = false;
  std::uint32_t total = 0;

  static SlotState unpack(std::uint64_t word);
  std::uint64_t pack() const;
  bool operator==(const SlotState&) const = default;
};

struct alignas(128) Slot {
  Word state;
  Word expiry;
  Word birth;
  std::array<Word, kMarks> marks;

  SlotState load() const { return SlotState::unpack(state.load()); }
  // False: it is no longer `from`.
  bool change(const SlotState& from, const SlotState& to);

  // Part of a claim: false if the birth is no longer `old`, because of a concurrent claim.
  bool set_birth(std::uint64_t old, Tag tag, std::uint64_t part);

  // What evicting the owner would lose: the slot with the least worth is evicted first.
  std::uint64_t worth(Duration now) const;

  // Nothing if the slot does not, or no longer, belong to this tag.
  std::optional<RateDecision> admit(Tag tag, const Policy& policy, Duration now, Count count);

 private:
  void open_part(Tag tag, std::uint64_t part, std::uint32_t total);
  History history(const SlotState& owner, std::uint64_t part) const;
};
static_assert(sizeof(Slot) == 128);

}  // namespace holdfast::rate_limit
