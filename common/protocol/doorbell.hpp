// SPDX-License-Identifier: Apache-2.0
#pragma once

// Doorbell: tells the queue workers of this host that a job was committed, so that they need not
// wait for their next poll. It rings the eventfd "doorbell" that the supervisor created and passed
// to both sides. Without one (a worker that runs alone) ring() does nothing, and the poll finds the
// job. Its other end is doorbell_listener.hpp.
//
// Threads: ring() from any. Owns its descriptor.

#include "common/os/fd.hpp"

#include <unistd.h>

#include <cstdint>
#include <optional>

namespace holdfast::protocol {

class Doorbell {
 public:
  Doorbell() = default;
  explicit Doorbell(std::optional<Fd> eventfd) {
    if (eventfd) eventfd_ = std::move(*eventfd);
  }

  void ring() const {
    if (!eventfd_) return;
    const std::uint64_t one = 1;
    // The only failure is a counter at its limit: then it rings already.
    [[maybe_unused]] const auto written = ::write(eventfd_.get(), &one, sizeof one);
  }

 private:
  Fd eventfd_;
};

}  // namespace holdfast::protocol
