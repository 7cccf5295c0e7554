// SPDX-License-Identifier: Apache-2.0
#include "common/rate_limit/table.hpp"

#include "common/base/id.hpp"

#include <array>
#include <cstring>

namespace holdfast::rate_limit {

namespace {

// "hflimit" and the version of the layout.
constexpr std::uint64_t kMagic = 0x68666c696d697400u | 1;

// Sets a word that is zero until somebody sets it. The first to do so decides for all.
std::uint64_t agree(Word& word, std::uint64_t proposal) {
  std::uint64_t expected = 0;
  return word.compare_exchange_strong(expected, proposal) ? proposal : expected;
}

std::uint64_t random_word() {
  std::array<unsigned char, 8> bytes;
  fill_random(bytes);
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), sizeof word);
  return word | 1;  // never 0
}

Slot* find(std::span<Slot> set, Tag tag) {
  for (Slot& slot : set) {
    const SlotState state = slot.load();
    if (state.tag == tag && !state.tentative) return &slot;
  }
  return nullptr;
}

struct Candidate {
  Slot& slot;
  std::uint64_t worth;
};

Candidate least_valuable(std::span<Slot> set, Duration now) {
  Slot* best = &set.front();
  std::uint64_t least = best->worth(now);
  for (Slot& slot : set.subspan(1)) {
    const std::uint64_t worth = slot.worth(now);
    if (worth >= least) continue;
    least = worth;
    best = &slot;
  }
  return {*best, least};
}

// Leaving a slot adds one to its total, so that no process mistakes a later claim for its own.
SlotState vacated(const SlotState& state) {
  return {0, false, (state.total + 1) & kTotalMask};
}

// Claims a slot for a key that has none. Two processes that meet the key at the same moment must
// not end up with a slot each, so a claim has two steps: a tentative tag and, once a scan of the
// whole set has found no other slot of the key, the final one. A process that finds a tentative tag
// of its key made by another removes it; that other notices when it finalises its claim, and starts
// over. So of two claimants the one that scanned last saw the other, and either removed it or gave
// way. Null: try again.
Slot* claim_slot(std::span<Slot> set, Tag tag, const Policy& policy, Duration now) {
  const auto [own, worth] = least_valuable(set, now);
  const std::uint64_t birth = own.birth.load();
  const SlotState before = own.load();
  // If another key has claimed the slot since it was chosen, it is not evicted. A later claim
  // changes the state, so that the exchange below fails.
  if (own.worth(now) > worth) return nullptr;
  if (before.tag == tag && !before.tentative) return &own;
  if (before.tag == tag) {
    own.change(before, vacated(before));
    return nullptr;
  }
  const SlotState claim{tag, true, before.total};
  if (!own.change(before, claim)) return nullptr;
  if (!own.set_birth(birth, tag, part_of(now, policy.window))) {
    own.change(claim, vacated(claim));
    return nullptr;
  }
  for (Slot& other : set) {
    if (&other == &own) continue;
    for (SlotState state = other.load(); state.tag == tag; state = other.load()) {
      if (!state.tentative) {
        own.change(claim, vacated(claim));
        return &other;
      }
      other.change(state, vacated(state));
    }
  }
  return own.change(claim, {tag, false, claim.total}) ? &own : nullptr;
}

}  // namespace

struct Table::Header {
  Word magic;
  Word secret[2];
};

Result<Table> Table::attach(std::span<std::byte> memory) {
  constexpr std::size_t kHeaderBytes = 4096;
  if (memory.size() < kHeaderBytes + kWays * sizeof(Slot)) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("rate-limit memory: {} bytes are too small", memory.size()));
  }
  auto* const header = reinterpret_cast<Header*>(memory.data());
  if (agree(header->magic, kMagic) != kMagic) {
    return fail(ErrorKind::InvalidArgument,
                "rate-limit memory: it was laid out by another version of Holdfast");
  }
  const SipKey secret{agree(header->secret[0], random_word()),
                      agree(header->secret[1], random_word())};
  const std::size_t sets = (memory.size() - kHeaderBytes) / (kWays * sizeof(Slot));
  auto* const slots = reinterpret_cast<Slot*>(memory.data() + kHeaderBytes);
  return Table(secret, {slots, sets * kWays});
}

std::uint64_t Table::hash(const Policy& policy, std::string_view key) const {
  std::string text;
  text.reserve(policy.name.size() + key.size() + 24);
  text += policy.name;
  text += '\0';
  text += std::to_string(policy.window.count());
  text += '\0';
  text += key;
  return siphash(secret_, text);
}

std::span<Slot> Table::set_of(std::uint64_t hash) const {
  const std::size_t sets = slots_.size() / kWays;
  return slots_.subspan((hash & 0xffffff) % sets * kWays, kWays);
}

RateDecision Table::decide(const Policy& policy, std::string_view key, Duration now,
                           Count count) const {
  const std::uint64_t hash = this->hash(policy, key);
  const std::span<Slot> set = set_of(hash);
  const Tag tag = tag_of(hash);
  // Others can take a slot away between two steps, but not for ever: each time one of them has made
  // progress. The bound only guards against a defect; beyond it the request is admitted uncounted.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    Slot* slot = find(set, tag);
    if (slot == nullptr && count == Count::Peek) break;  // nothing is known about it
    if (slot == nullptr) slot = claim_slot(set, tag, policy, now);
    if (slot == nullptr) continue;
    if (const auto decision = slot->admit(tag, policy, now, count)) return *decision;
  }
  return {.allowed = true, .remaining = policy.limit, .relief = {}};
}

}  // namespace holdfast::rate_limit
