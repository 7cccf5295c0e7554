// SPDX-License-Identifier: Apache-2.0
#include "common/rate_limit/slot.hpp"

#include <algorithm>

namespace holdfast::rate_limit {

namespace {

constexpr std::uint64_t kTentative = std::uint64_t{1} << kTotalBits;
constexpr unsigned kTagShift = kTotalBits + 1;
constexpr unsigned kPartBits = 22;
constexpr std::uint64_t kPartMask = (std::uint64_t{1} << kPartBits) - 1;
constexpr unsigned kMarkTagShift = kTotalBits + kPartBits;
constexpr std::uint64_t kMarkTagMask = (std::uint64_t{1} << (64 - kMarkTagShift)) - 1;
constexpr unsigned kLiveBits = 16;
constexpr std::uint64_t kLiveMask = (std::uint64_t{1} << kLiveBits) - 1;

std::uint64_t pack_mark(Tag tag, std::uint64_t part, std::uint32_t total) {
  return ((tag & kMarkTagMask) << kMarkTagShift) | ((part & kPartMask) << kTotalBits) | total;
}

bool is_of(std::uint64_t mark, Tag tag) {
  return (mark >> kMarkTagShift) == (tag & kMarkTagMask);
}

// How many parts the mark lies before `part`; negative if it lies after it. Parts wrap around.
std::int64_t age(std::uint64_t mark, std::uint64_t part) {
  const std::uint64_t distance = (part - (mark >> kTotalBits)) & kPartMask;
  return distance > kPartMask / 2 ? static_cast<std::int64_t>(distance) - (1ll << kPartBits)
                                  : static_cast<std::int64_t>(distance);
}

// Belongs to the window of `part`, or to a later one if this caller's clock reading is old. What
// seems to lie further ahead dates from before the numbers wrapped around.
bool counts(std::int64_t age_in_parts) {
  constexpr auto kParts64 = static_cast<std::int64_t>(kParts);
  return age_in_parts <= kParts64 && age_in_parts >= -kParts64;
}

constexpr std::uint64_t kHalf = 0xffff'ffff;

// The age, in parts before `part`, of the oldest mark that can be the owner's.
std::int64_t oldest_own(std::uint64_t birth, Tag tag, std::uint64_t part) {
  constexpr auto kAny = static_cast<std::int64_t>(kParts);
  if ((birth >> 32) != (tag & kHalf)) return kAny;
  const auto age = static_cast<std::int32_t>(static_cast<std::uint32_t>(part - birth));
  return age >= 0 && age < kAny ? age : kAny;
}

std::uint64_t to_ms(Duration time) {
  return static_cast<std::uint64_t>(time / std::chrono::milliseconds(1));
}

}  // namespace

SlotState SlotState::unpack(std::uint64_t word) {
  return {word >> kTagShift, (word & kTentative) != 0,
          static_cast<std::uint32_t>(word & kTotalMask)};
}

std::uint64_t SlotState::pack() const {
  return (tag << kTagShift) | (tentative ? kTentative : 0) | total;
}

bool Slot::change(const SlotState& from, const SlotState& to) {
  std::uint64_t expected = from.pack();
  return state.compare_exchange_strong(expected, to.pack());
}

bool Slot::set_birth(std::uint64_t old, Tag tag, std::uint64_t part) {
  return birth.compare_exchange_strong(old, ((tag & kHalf) << 32) | (part & kHalf));
}

std::uint64_t Slot::worth(Duration now) const {
  const SlotState owner = load();
  if (owner.tag == 0) return 0;
  if (owner.tentative) return 2;  // a claim in progress, or by a process that died
  const std::uint64_t hint = expiry.load();
  if ((hint >> kLiveBits) <= to_ms(now)) return 1;
  // Fewest admissions first; among equals, the longest idle.
  return ((hint & kLiveMask) << 48) + (hint >> kLiveBits) + 3;
}

void Slot::open_part(Tag tag, std::uint64_t part, std::uint32_t total) {
  Word& mark = marks[part % kMarks];
  std::uint64_t old = mark.load();
  // A later part in its place means that this caller slept for a whole window; its admission then
  // counts for that part, which errs on the safe side.
  while (!is_of(old, tag) || age(old, part) > 0 || !counts(age(old, part))) {
    if (mark.compare_exchange_weak(old, pack_mark(tag, part, total))) return;
  }
}

History Slot::history(const SlotState& owner, std::uint64_t part) const {
  History history;
  history.total = owner.total;
  const std::int64_t oldest = oldest_own(birth.load(), owner.tag, part);
  for (const Word& word : marks) {
    const std::uint64_t mark = word.load();
    if (!is_of(mark, owner.tag)) continue;
    const std::int64_t parts = age(mark, part);
    if (!counts(parts) || parts > oldest) continue;
    history.add(
        {part - static_cast<std::uint64_t>(parts), static_cast<std::uint32_t>(mark & kTotalMask)});
  }
  return history;
}

std::optional<RateDecision> Slot::admit(Tag tag, const Policy& policy, Duration now, Count count) {
  const std::uint64_t part = part_of(now, policy.window);
  for (;;) {
    const SlotState before = load();
    if (before.tag != tag || before.tentative) return {};
    if (count == Count::Take) open_part(tag, part, before.total);
    const RateDecision decision = decide(history(before, part), policy, now, count);
    if (!decision.allowed || count == Count::Peek) return decision;
    // Before the admission: a slot with one in it must never look idle.
    const std::uint64_t end = to_ms(now + policy.window + part_length(policy.window));
    const std::uint64_t live = policy.limit - decision.remaining;
    expiry.store((end << kLiveBits) | std::min(live, kLiveMask));
    if (change(before, {tag, false, (before.total + 1) & kTotalMask})) return decision;
  }
}

}  // namespace holdfast::rate_limit
