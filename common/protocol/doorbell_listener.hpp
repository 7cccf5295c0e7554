// SPDX-License-Identifier: Apache-2.0
#pragma once

// DoorbellListener: a queue worker's end of the doorbell, the eventfd(2) to which API workers add
// after they have committed a job. All queue workers share it, so whoever reads it takes the ring
// from the others: a worker reads only when it is about to look for work, and rings again when it
// leaves work behind.
//
// Threads: the event loop's. Owns its descriptor. Without one (a worker that runs alone) it never
// rings.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <optional>

namespace holdfast::protocol {

class DoorbellListener {
 public:
  // `bell`: an eventfd in counter mode, or nothing.
  static Result<DoorbellListener> open(boost::asio::io_context& io, std::optional<Fd> bell);

  // Calls `rung` once, as soon as the bell is set. The bell stays set until clear().
  void wait(std::function<void()> rung);
  void clear();
  void ring();

 private:
  DoorbellListener() = default;
  std::optional<boost::asio::posix::stream_descriptor> bell_;
};

}  // namespace holdfast::protocol
