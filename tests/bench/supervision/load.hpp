// SPDX-License-Identifier: Apache-2.0
#pragma once

// Load: threads that GET one path, some over connections that they keep, some with a new connection
// for each request; every request that does not end in a complete 200 is counted, with the reason.
// Nothing is retried, so that failures which a client library would hide are counted.
//
// Threads: starts its own; call its methods from one thread.

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::bench {

struct LoadResult {
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
  std::uint64_t connections = 0;
  double worst_ms = 0;
  double seconds = 0;
  std::map<std::string, std::uint64_t> failures;
};

class Load {
 public:
  Load(std::uint16_t port, const std::string& path, int keeping, int renewing);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load();

  LoadResult stop();

 private:
  void run(bool keep);

  std::uint16_t port_;
  std::string request_keep_;
  std::string request_close_;
  std::int64_t began_ns_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  LoadResult result_;
};

}  // namespace holdfast::bench
