// SPDX-License-Identifier: Apache-2.0
#pragma once

// A receiver of alerts: an HTTP server that keeps the bodies it gets, on a port of the kernel's.
//
// Threads: every method from the test's; it serves on one of its own, a connection at a time.

#include "common/os/fd.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::test {

class AlertReceiver {
 public:
  AlertReceiver();
  ~AlertReceiver();
  AlertReceiver(const AlertReceiver&) = delete;

  std::string url() const;
  void answer_with(int status) { status_ = status; }
  std::uint64_t requests() const { return requests_; }

  // Of those that were accepted: each alert of each message.
  std::vector<nlohmann::json> alerts() const;
  // How many of them are about this alert and have this status.
  std::size_t count(const std::string& name, const std::string& status = "firing") const;

 private:
  void serve();
  void handle(int connection);

  Fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> status_{200};
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<nlohmann::json> messages_;
  std::thread thread_;
};

}  // namespace holdfast::test
