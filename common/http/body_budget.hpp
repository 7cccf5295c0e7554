// SPDX-License-Identifier: Apache-2.0
#pragma once

// BodyBudget: the bytes of request bodies that one server holds at a time, from their arrival until
// their responses are sent. Counted as they arrive, not as announced, so that no client reserves
// what it does not send. A body that does not fit is refused: waiting for room could deadlock many
// half-received bodies.
//
// Threads: one at a time. A share must not outlive its budget.

#include <cstdint>

namespace holdfast::http {

class BodyBudget {
 public:
  explicit BodyBudget(std::uint64_t limit) : limit_(limit) {}
  std::uint64_t used() const { return used_; }

 private:
  friend class BodyShare;
  const std::uint64_t limit_;
  std::uint64_t used_ = 0;
};

// One request's share.
class BodyShare {
 public:
  explicit BodyShare(BodyBudget* budget) : budget_(budget) {}  // null: no limit
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;
  ~BodyShare() { set(0); }

  // False if it does not fit; then nothing changes.
  bool set(std::uint64_t bytes) {
    if (budget_ == nullptr) return true;
    const std::uint64_t others = budget_->used_ - held_;
    if (bytes > held_ && bytes > budget_->limit_ - others) return false;
    budget_->used_ = others + bytes;
    held_ = bytes;
    return true;
  }

 private:
  BodyBudget* budget_;
  std::uint64_t held_ = 0;
};

}  // namespace holdfast::http
