// SPDX-License-Identifier: Apache-2.0
#pragma once

// PendingRequests: commands and reloads that the core has not replied to yet. Threads: one owner.

#include "supervisor/core/types.hpp"
#include "supervisor/state/control.hpp"

#include <cstdint>
#include <map>
#include <utility>

namespace holdfast::supervisor {

class PendingRequests {
 public:
  // The number under which the core is to reply.
  std::uint64_t add(FleetControl::Done done) {
    const std::uint64_t request = ++last_request_;
    pending_.emplace(request, std::move(done));
    return request;
  }

  void answer(const core::Reply& reply) {
    if (auto found = pending_.extract(reply.request)) found.mapped()({reply.ok, reply.message});
  }

 private:
  std::map<std::uint64_t, FleetControl::Done> pending_;
  std::uint64_t last_request_ = 0;
};

}  // namespace holdfast::supervisor
