// SPDX-License-Identifier: Apache-2.0
#pragma once

// ReadinessProbe: asks at an interval until the answer is yes, then reports once. At most one probe
// is under way.
//
// Threads: the thread of `io`. Destroying it ends it; nothing is called afterwards.

#include "common/base/clock.hpp"
#include "supervisor/engine/probe.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace holdfast::supervisor {

class ReadinessProbe {
 public:
  using Ask = std::function<std::unique_ptr<Probe>(OnAnswer)>;

  // `failed` is called with what came instead of a yes, each time that this changes.
  ReadinessProbe(boost::asio::io_context& io, Ask ask, Duration interval,
                 std::function<void()> ready, std::function<void(std::string)> failed);
  ~ReadinessProbe();
  ReadinessProbe(const ReadinessProbe&) = delete;
  ReadinessProbe& operator=(const ReadinessProbe&) = delete;

 private:
  struct Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace holdfast::supervisor
