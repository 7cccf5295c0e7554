// SPDX-License-Identifier: Apache-2.0
#pragma once

// PendingRequests: commands and reloads whose work is not done yet. Threads: one owner.

#include "supervisor/core/types.hpp"
#include "supervisor/state/control.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace holdfast::supervisor {

class PendingRequests {
 public:
  using Outcome = FleetControl::Outcome;
  // Hears of the outcome before the one who asked, and may add to its message.
  using OnOver = std::function<void(Outcome&)>;

  // The number under which the core is to reply.
  std::uint64_t add(FleetControl::Done done, FleetControl::Answer answer, OnOver on_over = {}) {
    const std::uint64_t request = ++last_request_;
    pending_.emplace(request, Pending{std::move(done), answer, std::move(on_over)});
    return request;
  }

  // Answers those who did not want to wait for the outcome.
  void accepted(const core::Accepted& accepted) {
    const auto found = pending_.find(accepted.request);
    if (found == pending_.end() || found->second.answer == FleetControl::Answer::WhenDone) return;
    if (auto done = std::exchange(found->second.done, nullptr)) done({true, accepted.message});
  }

  void over(const core::Reply& reply) {
    auto found = pending_.extract(reply.request);
    if (!found) return;
    Outcome outcome{reply.ok, reply.message};
    if (found.mapped().on_over) found.mapped().on_over(outcome);
    if (found.mapped().done) found.mapped().done(std::move(outcome));
  }

 private:
  struct Pending {
    FleetControl::Done done;  // null: answered
    FleetControl::Answer answer = FleetControl::Answer::WhenDone;
    OnOver on_over;
  };
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t last_request_ = 0;
};

}  // namespace holdfast::supervisor
