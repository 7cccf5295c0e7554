// SPDX-License-Identifier: Apache-2.0
// API keys: kept, found by id, used, revoked.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

ApiKey key(const std::string& id, Scope scope = Scope::Write) {
  ApiKey key;
  key.id = id;
  key.name = "name of " + id;
  key.digest = std::string("\0\xff", 2) + std::string(30, 'd');
  key.scope = scope;
  return key;
}

Result<void> create_key(Store& store, const ApiKey& key) {
  return await<void>([&](auto done) { store.create_api_key(key, done); });
}

Result<void> revoke(Store& store, const std::string& id) {
  return await<void>([&](auto done) { store.revoke_api_key(id, done); });
}

Result<void> note(Store& store, std::vector<ApiKeyUse> uses) {
  return await<void>([&](auto done) { store.note_api_key_uses(std::move(uses), done); });
}

}  // namespace

TEST_CASE("an API key reads back whole") {
  const auto environment = make_environment();
  const auto store = environment->open();
  ApiKey with_limit = key("k1", Scope::Admin);
  with_limit.rate_limit = 7;
  REQUIRE(create_key(*store, with_limit));
  REQUIRE(create_key(*store, key("k2")));

  const auto read = store->get_api_key("k1");
  REQUIRE(read);
  CHECK(read->name == "name of k1");
  CHECK(read->digest == with_limit.digest);
  CHECK(read->scope == Scope::Admin);
  CHECK(read->rate_limit == 7u);
  CHECK(read->created_at == environment->wall_ms());
  CHECK_FALSE(read->last_used_at);
  CHECK_FALSE(read->revoked_at);
  CHECK_FALSE(store->get_api_key("k2")->rate_limit);
}

TEST_CASE("an id is given once; an unknown one is not found") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create_key(*store, key("k1")));
  const auto again = create_key(*store, key("k1"));
  REQUIRE_FALSE(again);
  CHECK(again.error().kind == ErrorKind::Conflict);
  CHECK(store->get_api_key("k9").error().kind == ErrorKind::NotFound);
  CHECK(revoke(*store, "k9").error().kind == ErrorKind::NotFound);
}

TEST_CASE("keys are listed oldest first, revoked ones too") {
  const auto environment = make_environment();
  const auto store = environment->open();
  CHECK(store->list_api_keys()->empty());
  for (const char* id : {"z", "a", "m"}) {
    REQUIRE(create_key(*store, key(id)));
    environment->advance(1s);
  }
  REQUIRE(revoke(*store, "a"));
  const auto keys = store->list_api_keys();
  REQUIRE(keys);
  REQUIRE(keys->size() == 3);
  CHECK((*keys)[0].id == "z");
  CHECK((*keys)[1].id == "a");
  CHECK((*keys)[1].revoked_at);
  CHECK((*keys)[2].id == "m");
}

TEST_CASE("a revocation is seen by other processes at once, and keeps its first time") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto other = environment->open();
  REQUIRE(create_key(*store, key("k1")));
  REQUIRE_FALSE(other->get_api_key("k1")->revoked_at);
  REQUIRE(revoke(*store, "k1"));
  const auto revoked_at = other->get_api_key("k1")->revoked_at;
  CHECK(revoked_at == environment->wall_ms());
  environment->advance(1h);
  REQUIRE(revoke(*store, "k1"));
  CHECK(other->get_api_key("k1")->revoked_at == revoked_at);
}

TEST_CASE("last-used times go forward only, and unknown keys do not stop the others") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create_key(*store, key("k1")));
  REQUIRE(create_key(*store, key("k2")));
  REQUIRE(note(*store, {{"k1", 5000}, {"gone", 6000}, {"k2", 7000}}));
  CHECK(store->get_api_key("k1")->last_used_at == 5000);
  CHECK(store->get_api_key("k2")->last_used_at == 7000);
  REQUIRE(note(*store, {{"k1", 4000}, {"k2", 8000}}));
  CHECK(store->get_api_key("k1")->last_used_at == 5000);
  CHECK(store->get_api_key("k2")->last_used_at == 8000);
}

namespace {

Result<ApiKey> rotate(Store& store, const std::string& id, ApiKey successor, Duration overlap) {
  return await<ApiKey>(
      [&](auto done) { store.rotate_api_key(id, std::move(successor), overlap, done); });
}

ApiKey expiring(const std::string& id, std::int64_t at) {
  ApiKey with_end = key(id);
  with_end.expires_at = at;
  return with_end;
}

}  // namespace

TEST_CASE("all rotations of a key are of the lineage of the first") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create_key(*store, key("k1")));
  REQUIRE(create_key(*store, key("other")));
  CHECK(store->get_api_key("k1")->lineage == "k1");
  CHECK(rotate(*store, "k1", key("k2"), 1h)->lineage == "k1");
  CHECK(rotate(*store, "k2", key("k3"), 1h)->lineage == "k1");
  CHECK(rotate(*store, "k1", key("k4"), 1h)->lineage == "k1");
  const auto keys = store->list_api_keys();
  for (const ApiKey& one : *keys) {
    INFO(one.id);
    CHECK(one.lineage == (one.id == "other" ? "other" : "k1"));
  }
}

TEST_CASE("a key is valid until it expires, and not from then on") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const std::int64_t end = environment->wall_ms() + 1000;
  REQUIRE(create_key(*store, expiring("k1", end)));
  const auto read = store->get_api_key("k1");
  REQUIRE(read);
  CHECK(read->expires_at == end);
  CHECK(read->is_valid_at(end - 1));
  CHECK_FALSE(read->is_valid_at(end));
  REQUIRE(create_key(*store, key("k2")));
  CHECK_FALSE(store->get_api_key("k2")->expires_at);
}

TEST_CASE("a successor takes over name, scope and limit; the old key lives on for the overlap") {
  const auto environment = make_environment();
  const auto store = environment->open();
  ApiKey old = key("k1", Scope::Admin);
  old.rate_limit = 7;
  REQUIRE(create_key(*store, old));
  ApiKey successor = key("k2", Scope::Read);
  successor.name = "ignored";
  const auto stored = rotate(*store, "k1", successor, 1h);
  REQUIRE(stored);
  CHECK(stored->id == "k2");
  CHECK(stored->name == "name of k1");
  CHECK(stored->scope == Scope::Admin);
  CHECK(stored->rate_limit == 7u);
  CHECK_FALSE(stored->expires_at);
  CHECK(store->get_api_key("k1")->expires_at == environment->wall_ms() + 3'600'000);
}

TEST_CASE("an overlap never makes a key live longer, and lifetimes are inherited") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create_key(*store, expiring("k1", environment->wall_ms() + 60'000)));
  environment->advance(10s);
  const auto stored = rotate(*store, "k1", key("k2"), 1h);
  REQUIRE(stored);
  CHECK(stored->expires_at == environment->wall_ms() + 60'000);
  CHECK(store->get_api_key("k1")->expires_at == environment->wall_ms() + 50'000);
  const std::int64_t own_end = environment->wall_ms() + 5;
  CHECK(rotate(*store, "k2", expiring("k3", own_end), 1h)->expires_at == own_end);
}

TEST_CASE("only a valid key has a successor") {
  const auto environment = make_environment();
  const auto store = environment->open();
  CHECK(rotate(*store, "none", key("k9"), 1h).error().kind == ErrorKind::NotFound);
  REQUIRE(create_key(*store, key("k1")));
  REQUIRE(revoke(*store, "k1"));
  CHECK(rotate(*store, "k1", key("k9"), 1h).error().kind == ErrorKind::Conflict);
  REQUIRE(create_key(*store, expiring("k2", environment->wall_ms() + 1000)));
  CHECK(rotate(*store, "k2", key("k1"), 1h).error().kind == ErrorKind::Conflict);  // taken
  CHECK(store->get_api_key("k2")->expires_at == environment->wall_ms() + 1000);
  environment->advance(1s);
  CHECK(rotate(*store, "k2", key("k9"), 1h).error().kind == ErrorKind::Conflict);
  CHECK(store->get_api_key("k9").error().kind == ErrorKind::NotFound);
}

TEST_CASE("a key that was rotated does not count as one that expires, until its successors do") {
  const auto environment = make_environment();
  const auto store = environment->open();
  constexpr std::int64_t kDay = 86'400'000;
  const std::int64_t now = environment->wall_ms();
  REQUIRE(create_key(*store, expiring("k1", now + 300 * kDay)));
  REQUIRE(rotate(*store, "k1", key("k2"), 24h));
  const std::int64_t end = *store->get_api_key("k2")->expires_at;
  CHECK(store->expiring_api_keys(14 * 24h)->count == 0);
  CHECK(store->expiring_api_keys(14 * 24h)->next_at == end);
  // One that lives for ever, in place of the last.
  REQUIRE(create_key(*store, key("f1")));
  REQUIRE(rotate(*store, "f1", key("f2"), 24h));
  CHECK(store->expiring_api_keys(14 * 24h)->count == 0);
  CHECK(store->expiring_api_keys(14 * 24h)->next_at == end);
  // A successor that ends soon itself is counted, once with the key that it replaces.
  REQUIRE(rotate(*store, "k2", expiring("k3", now + 2 * kDay), 24h));
  CHECK(store->expiring_api_keys(14 * 24h)->count == 1);
  CHECK(store->expiring_api_keys(14 * 24h)->next_at == now + 2 * kDay);
  // One that is revoked takes nobody's place.
  REQUIRE(revoke(*store, "f2"));
  CHECK(store->expiring_api_keys(14 * 24h)->count == 2);
  CHECK(store->expiring_api_keys(14 * 24h)->next_at == now + kDay);
  environment->advance(3 * 24h);
  CHECK(store->expiring_api_keys(14 * 24h)->count == 0);
  CHECK(store->expiring_api_keys(14 * 24h)->next_at == 0);
}

TEST_CASE("a key says when it was read, by the clock of its other times") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create_key(*store, key("k1")));
  CHECK(store->get_api_key("k1")->read_at == store->get_api_key("k1")->created_at);
  environment->advance(10s);
  CHECK(store->get_api_key("k1")->read_at == environment->wall_ms());
  CHECK(rotate(*store, "k1", key("k2"), 1h)->read_at == environment->wall_ms());
  const auto listed = store->list_api_keys();
  REQUIRE(listed);
  for (const ApiKey& one : *listed)
    CHECK(one.read_at == environment->wall_ms());
}

TEST_CASE("keys that expire soon are counted, and the next end of all is known") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const std::int64_t now = environment->wall_ms();
  REQUIRE(create_key(*store, key("forever")));
  CHECK(store->expiring_api_keys(1h)->count == 0);
  CHECK(store->expiring_api_keys(1h)->next_at == 0);
  REQUIRE(create_key(*store, expiring("soon", now + 1000)));
  REQUIRE(create_key(*store, expiring("later", now + 7'200'000)));
  REQUIRE(create_key(*store, expiring("revoked", now + 500)));
  REQUIRE(revoke(*store, "revoked"));
  CHECK(store->expiring_api_keys(1h)->count == 1);
  CHECK(store->expiring_api_keys(1h)->next_at == now + 1000);
  CHECK(store->expiring_api_keys(2h)->count == 2);
  environment->advance(1s);
  CHECK(store->expiring_api_keys(1h)->count == 0);
  CHECK(store->expiring_api_keys(1h)->next_at == now + 7'200'000);
}
