// SPDX-License-Identifier: Apache-2.0
#pragma once

// BodyBudget: the bytes of bodies that one server holds at a time, from their arrival until
// nobody needs the request any more: the response is sent, and what the request caused (a write
// that waits for its turn) has ended; and of large bodies of responses, until their clients have
// taken them (ServerState::hold). Counted as they arrive, not as announced, so that no client
// reserves what it does not send. A body that does not fit is refused: waiting for room could
// deadlock many half-received bodies.
//
// No client takes it all: the bodies that one client holds may have as many bytes together as are
// left free for everybody else (the dynamic threshold of Choudhury and Hahne, 1998). Alone it gets
// half, two get a third each, and so on. A single body needs nothing but room.
//
// Threads: any. A share keeps its budget alive.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace holdfast::http {

class BodyBudget {
 public:
  enum class Verdict { Fits, Full, ClientHoldsTooMuch };

  explicit BodyBudget(std::uint64_t limit) : limit_(limit) {}
  std::uint64_t used() const {
    const std::lock_guard lock(mutex_);
    return used_;
  }

 private:
  friend class BodyShare;
  Verdict change(const std::string& client, std::uint64_t from, std::uint64_t to);

  const std::uint64_t limit_;
  mutable std::mutex mutex_;
  std::uint64_t used_ = 0;                                  // guarded by mutex_
  std::unordered_map<std::string, std::uint64_t> clients_;  // guarded by mutex_; no zeros
};

// One request's share.
class BodyShare {
 public:
  explicit BodyShare(std::shared_ptr<BodyBudget> budget) : budget_(std::move(budget)) {}
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;
  ~BodyShare() {
    if (held_ != 0) set(0);
  }

  // Whose share it is. Before the first set().
  void belongs_to(std::string client) { client_ = std::move(client); }

  const std::string& client() const { return client_; }

  // If it does not fit, nothing changes. Always fits: no budget, and what is not more than before.
  BodyBudget::Verdict set(std::uint64_t bytes) {
    if (!budget_ || bytes == held_) return BodyBudget::Verdict::Fits;
    const auto verdict = budget_->change(client_, held_, bytes);
    if (verdict == BodyBudget::Verdict::Fits) held_ = bytes;
    return verdict;
  }

 private:
  std::shared_ptr<BodyBudget> budget_;  // null: no limit
  std::string client_;
  std::uint64_t held_ = 0;
};

}  // namespace holdfast::http
