// SPDX-License-Identifier: Apache-2.0
#pragma once

// KnownKeys: the keys of admins that the store has shown this worker in the last minutes. While the
// store cannot be asked, whoever watches the stack is known by them, or would see nothing of an
// outage of all times. The last word of the store counts: a key that was seen as revoked is none.
//
// Threads: any.

#include "common/base/clock.hpp"
#include "common/store/types.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace holdfast::api {

class KnownKeys {
 public:
  static constexpr Duration kMaxAge = std::chrono::minutes(5);
  static constexpr std::size_t kMost = 64;  // beyond, the one that was read longest ago goes

  // What the store says of a key that a client has proved to hold.
  void learn(const store::ApiKey& key, MonoTime now);
  void forget(const std::string& id);
  // The key, if it was valid when it was read and has not expired since.
  std::optional<store::ApiKey> find(const std::string& id, const std::string& digest,
                                    MonoTime now) const;

 private:
  struct Known {
    store::ApiKey key;
    MonoTime read_at;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Known> keys_;  // by id; guarded by mutex_
};

}  // namespace holdfast::api
