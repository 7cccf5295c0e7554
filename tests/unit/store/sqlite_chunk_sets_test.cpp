// SPDX-License-Identifier: Apache-2.0
// A large document is stored, replaced and deleted in many short transactions, and seen whole or
// not at all.

#include "common/store/sqlite/chunks.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store/sqlite_environment.hpp"

#include <thread>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using holdfast::test::wait_until;

namespace {

constexpr std::size_t kMany = 10 * sqlite::kChunksPerWrite + 5;

std::vector<Chunk> many_chunks(const std::string& word, std::size_t count = kMany) {
  std::vector<Chunk> chunks;
  for (std::size_t i = 0; i < count; ++i) {
    const auto ordinal = static_cast<std::int64_t>(i);
    chunks.push_back(chunk(ordinal, word + " number" + std::to_string(i), {1, 0}));
  }
  return chunks;
}

std::string rows_of(const SqliteEnvironment& environment) {
  return sql(environment.path(), "SELECT count(*) FROM chunk");
}

bool is_swept(const SqliteEnvironment& environment, std::size_t chunks) {
  return sql(environment.path(), "SELECT count(*) FROM hidden_chunks") == "0" &&
         rows_of(environment) == std::to_string(chunks);
}

}  // namespace

TEST_CASE("a large document becomes searchable at once, and whole") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  store_ready(*store, "large", many_chunks("walrus"));
  CHECK(store->get_document("large")->chunk_count == static_cast<std::int64_t>(kMany));
  const std::string last = "number" + std::to_string(kMany - 1);
  REQUIRE(find(*store, last, {}, 5)->size() == 1);
  CHECK(find(*store, last, {}, 5)->front().chunk == static_cast<std::int64_t>(kMany) - 1);
  CHECK(find(*store, "", {1, 0}, 5)->size() == 1);
  CHECK(is_swept(environment, kMany));
  require_intact(environment.path());
}

TEST_CASE("until the new chunks of a large document are all stored, a search finds the old ones") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  store_ready(*store, "d", many_chunks("walrus"));
  REQUIRE(replace(*store, "d", "text"));
  const auto jobs = claim(*store, worker(*store));
  std::vector<Chunk> fresh = many_chunks("carpenter");
  const auto before = find(*store, "walrus", {}, 5);
  REQUIRE(before->size() == 1);
  REQUIRE(embed(*store, key_of(jobs[0]), "d", std::move(fresh), 2));
  CHECK(find(*store, "walrus", {}, 5)->empty());
  CHECK(find(*store, "carpenter", {}, 5)->size() == 1);
  CHECK(wait_until([&] { return is_swept(environment, kMany); }));
  require_intact(environment.path());
}

TEST_CASE("what a claim that was lost has stored is seen by nobody, and goes") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "d"));
  const auto jobs = claim(*store, worker(*store, "queue-worker.0"));
  // Half of it is stored when the worker dies.
  sql(environment.path(), "INSERT INTO hidden_chunks SELECT seq, job_id, 1 FROM document");
  sql(environment.path(),
      "INSERT INTO chunk(document, ordinal, begin_byte, end_byte, job_id, fence, vector, title, "
      "text)"
      " SELECT seq, 0, 0, 1, job_id, 1, x'0000803f', 't', 'walrus' FROM document");
  CHECK(find(*store, "walrus", {1}, 5)->empty());
  worker(*store, "queue-worker.0", "signal 9 (SIGKILL)");
  const auto again = claim(*store, worker(*store, "queue-worker.1"));
  REQUIRE(again.size() == 1);
  REQUIRE(embed(*store, key_of(again[0]), "d", {chunk(0, "carpenter", {1})}));
  CHECK(embed(*store, key_of(jobs[0]), "d", many_chunks("stale")).error().kind ==
        ErrorKind::Conflict);
  CHECK(wait_until([&] { return is_swept(environment, 1); }));
  CHECK(find(*store, "walrus", {}, 5)->empty());
  CHECK(find(*store, "stale", {}, 5)->empty());
  require_intact(environment.path());
}

TEST_CASE("a large document that is deleted is gone at once, and its chunks little by little") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  store_ready(*store, "large", many_chunks("walrus"));
  store_ready(*store, "small", {chunk(0, "carpenter", {0, 1})});
  REQUIRE(remove(*store, "large"));
  CHECK(find(*store, "walrus", {1, 0}, 5)->empty());
  CHECK(wait_until([&] { return is_swept(environment, 1); }));
  CHECK(find(*store, "carpenter", {}, 5)->size() == 1);
  require_intact(environment.path());
}

TEST_CASE("a large document that cannot be embedded any more loses its old chunks") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  store_ready(*store, "d", many_chunks("walrus"));
  REQUIRE(replace(*store, "d", "text"));
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(fail(*store, key_of(jobs[0]), "no", 1s, true) == JobState::Dead);
  CHECK(find(*store, "walrus", {}, 5)->empty());
  CHECK(wait_until([&] { return is_swept(environment, 0); }));
}

TEST_CASE("while a large document is stored, other writes get their turn") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  const auto other = environment.open();
  REQUIRE(create(*store, "large"));
  const auto id = worker(*store);
  const auto jobs = claim(*store, id);
  std::promise<Result<void>> stored;
  store->complete_embedding(key_of(jobs[0]), "large", 1, EmbeddedText(many_chunks("walrus", 2000)),
                            [&](Result<void> result) { stored.set_value(std::move(result)); });
  auto answer = stored.get_future();
  int written = 0;
  while (answer.wait_for(0s) != std::future_status::ready) {
    REQUIRE(heartbeat(*other, id));  // waits for a turn, and not for the disk
    ++written;
  }
  REQUIRE(answer.get());
  // Sixty transactions, and a fair lock: whoever waits is next.
  CHECK(written >= 10);
}

TEST_CASE("a store that is closed while a large document is stored gives an answer") {
  SqliteEnvironment environment;
  auto store = environment.open();
  REQUIRE(create(*store, "large"));
  const auto jobs = claim(*store, worker(*store));
  std::promise<Result<void>> stored;
  store->complete_embedding(key_of(jobs[0]), "large", 1, EmbeddedText(many_chunks("walrus", 5000)),
                            [&](Result<void> result) { stored.set_value(std::move(result)); });
  store.reset();
  const auto answer = stored.get_future().get();
  const auto again = environment.open();
  const bool is_ready = again->get_document("large")->status == DocumentStatus::Ready;
  CHECK(answer.has_value() == is_ready);
  CHECK(find(*again, "walrus", {}, 5)->size() == (is_ready ? 1 : 0));
}
