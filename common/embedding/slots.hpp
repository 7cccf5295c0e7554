// SPDX-License-Identifier: Apache-2.0
#pragma once

// Slots: at most so many at a time.
//
// Threads: any. A Slot is released by whoever destroys it.

#include "common/base/clock.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace holdfast::embedding {

class Slots {
 public:
  struct Release {
    void operator()(Slots* slots) const;
  };
  using Slot = std::unique_ptr<Slots, Release>;

  explicit Slots(std::uint32_t count) : free_(count) {}

  // Waits for a free one; null if the deadline came first, or `go_on`, asked several times a
  // second, said no.
  Slot take(std::optional<MonoTime> deadline, const std::function<bool()>& go_on);

 private:
  std::mutex mutex_;
  std::condition_variable released_;
  std::uint32_t free_;
};

// Waits for that long, no longer than the deadline, and only as long as `go_on` says yes: whether
// it was not cut short.
bool pause(Duration duration, std::optional<MonoTime> deadline, const std::function<bool()>& go_on);

}  // namespace holdfast::embedding
