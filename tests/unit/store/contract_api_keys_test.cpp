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
