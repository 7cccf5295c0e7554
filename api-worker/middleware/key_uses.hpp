// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeyUses: when each API key was last used, collected in memory and written to the store at
// intervals, in one write if any key was used. A crash loses at most one interval.
//
// Threads: note() from any; the rest on the event loop's.

#include "common/base/clock.hpp"
#include "common/log/logger.hpp"
#include "common/store/store.hpp"

#include <boost/asio/steady_timer.hpp>

#include <mutex>
#include <string>
#include <unordered_map>

namespace holdfast::api {

class KeyUses {
 public:
  // The references outlive this object, and the store outlives every pending write.
  KeyUses(boost::asio::io_context& io, const Clock& clock, const log::Logger& log,
          store::ApiKeyStore& store, Duration interval);

  void note(const std::string& id);
  // Writes what was collected and stops the timer.
  void stop();

 private:
  void arm();
  void write();

  const Clock& clock_;
  const log::Logger& log_;
  store::ApiKeyStore& store_;
  Duration interval_;
  boost::asio::steady_timer timer_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::int64_t> uses_;  // guarded by mutex_
};

}  // namespace holdfast::api
