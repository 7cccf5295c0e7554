// SPDX-License-Identifier: Apache-2.0
#pragma once

// Doorbell: the eventfd(2) that the API's workers add to after an enqueue was committed. All queue
// workers share it, so whoever reads it takes the ring from the others: a worker reads only when it
// is free to look, and rings again when it leaves work behind.
//
// Threads: the loop's. Without a descriptor (a worker run alone) it never rings.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <optional>

namespace holdfast::queue {

class Doorbell {
 public:
  // `bell`: an eventfd in counter mode, or nothing.
  static Result<Doorbell> open(boost::asio::io_context& io, std::optional<Fd> bell);

  // Calls `rung` once when the bell is set, now or later. The bell stays set until clear().
  void wait(std::function<void()> rung);
  void clear();
  void ring();

 private:
  Doorbell() = default;
  std::optional<boost::asio::posix::stream_descriptor> bell_;
};

}  // namespace holdfast::queue
