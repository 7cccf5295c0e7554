// SPDX-License-Identifier: Apache-2.0
#include "common/http/body_budget.hpp"

namespace holdfast::http {

BodyBudget::Verdict BodyBudget::change(const std::string& client, std::uint64_t from,
                                       std::uint64_t to) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t others = used_ - from;
  const auto known = clients_.find(client);
  const std::uint64_t own_others = known == clients_.end() ? 0 : known->second - from;
  if (to > from) {
    const std::uint64_t room = limit_ > others ? limit_ - others : 0;
    if (to > room) return Verdict::Full;
    if (own_others > 0 && own_others + to > room - to) return Verdict::ClientHoldsTooMuch;
  }
  used_ = others + to;
  if (own_others + to == 0) {
    if (known != clients_.end()) clients_.erase(known);
  } else if (known != clients_.end()) {
    known->second = own_others + to;
  } else {
    clients_.emplace(client, to);
  }
  return Verdict::Fits;
}

}  // namespace holdfast::http
