// SPDX-License-Identifier: Apache-2.0
#pragma once

// Slot: the counter of one key, in memory that several processes write at once and any of them may
// leave at any instruction.
//
//   state    [tag 32][tentative 1][total 31]   whose slot it is, and its running total
//   expiry   [milliseconds 48][live 16]        a hint for choosing whom to forget, never decided on
//   birth    [tag 32][part 32]                 since when the owner has it: older marks are not his
//   marks    [tag 11][part 22][total 31] each  the total when a part began
//
// One compare-and-swap of `state` is the admission: it fails if anybody was admitted, or the slot
// was given to another key, since the total was read. Everything before it only prepares:
//
// - The mark of the present part is set before anything is admitted in it. Whoever dies between the
//   two leaves a mark that is true and an admission that never happened.
// - A new owner goes on with the old total, and the old owner's marks stay where they are: they are
//   older than the birth, or their part of the tag is another. One in 1,024 new owners takes over
//   the old one's mark of the present part, and with it what he was admitted in it.
//
// A tag is "tentative" while its owner-to-be makes sure that the key has no second slot
// (table.cpp).
//
// Threads: any, any process that maps the memory. Lock-free; sequentially consistent.

#include "common/rate_limit/window.hpp"

#include <atomic>
#include <optional>

namespace holdfast::rate_limit {

using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free, "a lock would be left behind by a dead process");

// 0 is no tag. The low bit is always set, so the part that marks carry is never 0 either.
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

  // Part of moving in: false if the birth is no longer `old`, so that somebody else moved in too.
  bool be_born(std::uint64_t old, Tag tag, std::uint64_t part);

  // How dear the slot is to its owner: the least is forgotten first.
  std::uint64_t worth(Duration now) const;

  // Nothing: the slot is not, or no longer, this tag's.
  std::optional<RateDecision> admit(Tag tag, const Policy& policy, Duration now, Count count);

 private:
  void open_part(Tag tag, std::uint64_t part, std::uint32_t total);
  History history(const SlotState& owner, std::uint64_t part) const;
};
static_assert(sizeof(Slot) == 128);

}  // namespace holdfast::rate_limit
