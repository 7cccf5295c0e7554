// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/queue.hpp"

#include <algorithm>

namespace holdfast::supervisor::alerts {

// Changes collect until they are taken: of each number only the last one counts.
void Queue::put(const StoredEntry& entry) {
  std::erase_if(changes_.put,
                [&](const StoredEntry& other) { return other.number == entry.number; });
  changes_.put.push_back(entry);
}

void Queue::erase(std::int64_t number) {
  std::erase_if(changes_.put, [&](const StoredEntry& other) { return other.number == number; });
  changes_.erased.push_back(number);
}

void tell_gate(Gate& gate, const Verdict& verdict, const Now& now, double random) {
  switch (verdict.kind) {
    case Verdict::Kind::Delivered:
    case Verdict::Kind::Rejected: return gate.answered();
    case Verdict::Kind::Retry: return gate.failed(now.mono, random);
    case Verdict::Kind::Limited: return gate.limited(now.mono, verdict.wait, random);
    case Verdict::Kind::Suspended: return gate.suspend(now.mono);
  }
}

}  // namespace holdfast::supervisor::alerts
