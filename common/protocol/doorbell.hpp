// SPDX-License-Identifier: Apache-2.0
#pragma once

// Doorbell: tells the queue workers of this host that a job was committed, so that they need not
// wait for their next poll. An eventfd that the supervisor made and handed to both sides; without
// one, ringing does nothing and the poll finds the job.
//
// Threads: ring() from any.

#include "common/os/fd.hpp"

#include <unistd.h>

#include <cstdint>
#include <optional>

namespace holdfast::api {

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

}  // namespace holdfast::api
