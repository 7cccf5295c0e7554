// SPDX-License-Identifier: Apache-2.0
#pragma once

// ReadinessProbe: requests a URL at an interval until it answers 2xx, then reports once. At most
// one request is in flight; each has two seconds. The status decides; the body is not read.
//
// Threads: the thread of `io`. Destroying the probe ends it; nothing is called afterwards.

#include "common/base/clock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>

namespace holdfast::supervisor {

class ReadinessProbe {
 public:
  // `url`: as http::async_get takes it. `failed` is called with what came instead of a 2xx, each
  // time that this changes.
  ReadinessProbe(boost::asio::io_context& io, std::string url, Duration interval,
                 std::function<void()> ready, std::function<void(std::string)> failed);
  ~ReadinessProbe();
  ReadinessProbe(const ReadinessProbe&) = delete;
  ReadinessProbe& operator=(const ReadinessProbe&) = delete;

 private:
  struct Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace holdfast::supervisor
