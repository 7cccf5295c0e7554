// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/known_keys.hpp"

#include "common/auth/digest.hpp"

#include <algorithm>

namespace holdfast::api {

void KnownKeys::learn(const store::ApiKey& key, MonoTime now) {
  if (key.scope != store::Scope::Admin) return;
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = keys_.try_emplace(key.id);
  // Look-ups may end in another order than they were made in.
  if (!is_new && known->second.key.read_at > key.read_at) return;
  known->second = {key, now};
  if (keys_.size() <= kMost) return;
  keys_.erase(std::min_element(keys_.begin(), keys_.end(), [](const auto& one, const auto& other) {
    return one.second.read_at < other.second.read_at;
  }));
}

void KnownKeys::forget(const std::string& id) {
  const std::lock_guard lock(mutex_);
  keys_.erase(id);
}

std::optional<store::ApiKey> KnownKeys::find(const std::string& id, const std::string& digest,
                                             MonoTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(id);
  if (found == keys_.end()) return {};
  const auto& [key, read_at] = found->second;
  const Duration age = now - read_at;
  if (age > kMaxAge || !auth::same_digest(key.digest, digest)) return {};
  // By the store's clock, which went on.
  const auto age_ms = std::chrono::ceil<std::chrono::milliseconds>(age).count();
  if (!key.is_valid_at(key.read_at + age_ms)) return {};
  return key;
}

}  // namespace holdfast::api
