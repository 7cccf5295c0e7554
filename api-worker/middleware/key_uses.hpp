// SPDX-License-Identifier: Apache-2.0
#pragma once

// KeyUses: when each API key was last used, kept in memory and written to the store at intervals,
// all in one write. No key used: nothing written. A crash loses one interval at most.
//
// Threads: note() from any; the rest on the loop's.

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
  // The references outlive this, and the store every write that is under way.
  KeyUses(boost::asio::io_context& io, const Clock& clock, const log::Logger& log,
          store::ApiKeyStore& store, Duration interval);

  void note(const std::string& id);
  // Writes what there is, and no more by itself.
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
