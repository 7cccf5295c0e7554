// SPDX-License-Identifier: Apache-2.0
#pragma once

// GuardianWatch: keeps a guardian (guardian.hpp) as long as the supervisor runs: one that was
// killed is replaced.
//
// Threads: the io_context's.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "supervisor/process/guardian.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <optional>
#include <string>

namespace holdfast::supervisor::process {

class GuardianWatch {
 public:
  // `tell`: what people should know.
  using Tell = std::function<void(const std::string&)>;
  GuardianWatch(boost::asio::io_context& io, std::string instance, Duration grace, Tell tell);

  // Tells of a failure. Call it before any worker is launched.
  void start();

  void launched() const {
    if (guardian_) guardian_->launched();
  }
  bool is(pid_t pid) const { return guardian_ && guardian_->pid() == pid; }
  // One that was started after this process had become a subreaper: it must not count as something
  // that a worker has left behind.
  bool is_child() const;
  // See Guardian::dismiss().
  void dismiss();

 private:
  void watch();
  void replace_later();

  boost::asio::io_context& io_;
  const std::string instance_;
  const Duration grace_;
  const Tell tell_;
  std::optional<Guardian> guardian_;
  std::optional<boost::asio::posix::stream_descriptor> end_;  // a copy of Guardian::ended()
  boost::asio::steady_timer timer_;
};

}  // namespace holdfast::supervisor::process
