// SPDX-License-Identifier: Apache-2.0
// Which keys an API worker knows while the store cannot be asked.
#include "api-worker/middleware/known_keys.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::api;
using namespace std::chrono_literals;

namespace {

store::ApiKey seen(const std::string& id, std::int64_t read_at) {
  store::ApiKey key;
  key.id = id;
  key.digest = std::string(32, id.front());
  key.scope = store::Scope::Admin;
  key.read_at = read_at;
  return key;
}

bool knows(const KnownKeys& keys, const store::ApiKey& key, MonoTime now) {
  return keys.find(key.id, key.digest, now).has_value();
}

const MonoTime kStart{1h};

}  // namespace

TEST_CASE("an admin's key is known for five minutes after it was last seen, by its digest") {
  KnownKeys keys;
  const store::ApiKey key = seen("a", 1000);
  CHECK_FALSE(knows(keys, key, kStart));
  keys.learn(key, kStart);
  CHECK(knows(keys, key, kStart + 5min));
  CHECK_FALSE(knows(keys, key, kStart + 5min + 1ns));
  CHECK_FALSE(keys.find("a", std::string(32, 'b'), kStart));
  keys.learn(seen("a", 2000), kStart + 4min);
  CHECK(knows(keys, key, kStart + 9min));
  keys.forget("a");
  CHECK_FALSE(knows(keys, key, kStart + 4min));
}

TEST_CASE("only an admin's key is known") {
  KnownKeys keys;
  for (const store::Scope scope : {store::Scope::Read, store::Scope::Write}) {
    store::ApiKey key = seen("a", 1000);
    key.scope = scope;
    keys.learn(key, kStart);
    CHECK_FALSE(knows(keys, key, kStart));
  }
}

TEST_CASE("a key that was seen as revoked is none, even if an older view of it comes later") {
  KnownKeys keys;
  store::ApiKey revoked = seen("a", 2000);
  revoked.revoked_at = 1500;
  keys.learn(seen("a", 1000), kStart);
  keys.learn(revoked, kStart + 1s);
  CHECK_FALSE(knows(keys, revoked, kStart + 1s));
  keys.learn(seen("a", 1000), kStart + 2s);
  CHECK_FALSE(knows(keys, revoked, kStart + 2s));
}

TEST_CASE("a key expires by the store's clock, whether the store can be asked or not") {
  KnownKeys keys;
  store::ApiKey key = seen("a", 1000);
  key.expires_at = 61'000;
  keys.learn(key, kStart);
  CHECK(knows(keys, key, kStart + 59s));
  CHECK_FALSE(knows(keys, key, kStart + 60s));
}

TEST_CASE("of too many keys, those that were seen longest ago are forgotten") {
  KnownKeys keys;
  const auto name = [](std::size_t i) { return "k" + std::to_string(i); };
  constexpr std::size_t kSeen = KnownKeys::kMost + 10;
  for (std::size_t i = 0; i < kSeen; ++i)
    keys.learn(seen(name(i), 1000), kStart + std::chrono::milliseconds(i));
  for (std::size_t i = 0; i < kSeen; ++i)
    CHECK(knows(keys, seen(name(i), 1000), kStart + 1s) == (i >= 10));
}
