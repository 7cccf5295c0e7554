// SPDX-License-Identifier: Apache-2.0
// The index of pgvector: used where the server has the extension, made whenever that comes, and
// missed by no search when it goes. Debian 12 has no pgvector: there the tests see to it that
// nothing needs it. tests/system/pgvector_test.sh runs them on a server that has it.

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using Catch::Contains;

namespace {

constexpr std::size_t kIndexedDimensions = 48;  // of no other test: an index of its own
constexpr std::size_t kIndexedDocuments = 300;
constexpr std::size_t kChunksEach = 8;

std::string migrate_for_test(const PostgresEnvironment& environment,
                             std::size_t dimensions = kIndexedDimensions) {
  OpenOptions options;
  options.dimensions = static_cast<std::uint32_t>(dimensions);
  const auto report = migrate_store(environment.url(), options);
  if (!report) FAIL(report.error().message);
  return report->vector_search;
}

std::vector<float> random_vector(std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(kIndexedDimensions);
  for (float& x : vector)
    x = normal(random);
  return unit(vector);
}

// Documents of several chunks each, embedded.
void fill(Store& store, std::mt19937& random) {
  std::vector<NewDocument> documents(kIndexedDocuments);
  for (std::size_t i = 0; i < kIndexedDocuments; ++i)
    documents[i].id = "d" + std::to_string(i);
  const auto created = await<CreatedBatch>(
      [&](auto done) { store.create_documents(std::move(documents), {}, done); });
  REQUIRE(created);
  const auto jobs = claim(store, worker(store), kIndexedDocuments);
  REQUIRE(jobs.size() == kIndexedDocuments);
  for (std::size_t i = 0; i < kIndexedDocuments; ++i) {
    std::vector<Chunk> chunks;
    for (std::size_t c = 0; c < kChunksEach; ++c)
      chunks.push_back(chunk(static_cast<std::int64_t>(c), "words", random_vector(random)));
    const auto& one = *std::find_if(created->documents.begin(), created->documents.end(),
                                    [&](const Created& c) { return c.job_id == jobs[i].id; });
    REQUIRE(embed(store, key_of(jobs[i]), one.document_id, std::move(chunks)));
  }
}

std::vector<SearchHit> nearest(Store& store, const std::vector<float>& query,
                               std::uint32_t k = 10) {
  auto hits = find(store, "", query, k);
  if (!hits) FAIL(hits.error().message);
  return *hits;
}

std::string indexed(const PostgresEnvironment& environment) {
  return environment.sql("SELECT count(*) FROM holdfast.chunk WHERE embedding IS NOT NULL");
}

}  // namespace

TEST_CASE("pgvector: a server without it is told from one that has it, and both find") {
  PostgresEnvironment environment;
  const std::string how = migrate_for_test(environment);
  if (has_pgvector()) {
    CHECK(how == "hnsw");
  } else {
    CHECK(how == "exact (pgvector is not installed)");
  }
  const auto store = environment.open();
  std::mt19937 random(7);
  const auto vector = random_vector(random);
  store_ready(*store, "only", {chunk(0, "words", vector)});
  const auto hits = nearest(*store, vector);
  REQUIRE(hits.size() == 1);
  CHECK(hits[0].similarity.value() == Approx(1).margin(1e-5));
}

TEST_CASE("pgvector: the index is used, and finds what a complete scan finds") {
  if (!has_pgvector()) return;
  PostgresEnvironment environment;
  const auto store = environment.open();
  std::mt19937 random(20261129);
  // Written before there is an index for this dimension: copied by the migration.
  fill(*store, random);
  OpenOptions in_memory;
  const auto exact = environment.open(in_memory);
  std::vector<std::vector<float>> queries(20);
  std::vector<std::vector<SearchHit>> expected;
  for (auto& query : queries) {
    query = random_vector(random);
    expected.push_back(nearest(*exact, query));
  }
  REQUIRE(exact->memory_use().vectors > 0);
  REQUIRE(migrate_for_test(environment) == "hnsw");
  CHECK(indexed(environment) == std::to_string(kIndexedDocuments * kChunksEach));
  environment.sql("ANALYZE holdfast.chunk");

  const auto searcher = environment.open();
  std::size_t found = 0;
  std::size_t wanted = 0;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    std::set<std::string> ids;
    for (const SearchHit& hit : nearest(*searcher, queries[i]))
      ids.insert(hit.document_id);
    for (const SearchHit& hit : expected[i]) {
      ++wanted;
      found += ids.count(hit.document_id);
    }
  }
  INFO(found << " of " << wanted);
  CHECK(found * 100 >= wanted * 97);
  CHECK(searcher->memory_use().vectors == 0);  // nothing had to be loaded
  CHECK(holdfast::test::wait_until([&] {
    nearest(*searcher, queries[0]);
    return environment.sql(
               "SELECT idx_scan > 0 FROM pg_stat_user_indexes WHERE"
               " indexrelname = 'chunk_hnsw_48'") == "t";
  }));
}

TEST_CASE("pgvector: chunks without a copy, and deleted and replaced ones, are treated as ever") {
  if (!has_pgvector()) return;
  PostgresEnvironment environment;
  REQUIRE(migrate_for_test(environment) == "hnsw");
  const auto store = environment.open();
  std::mt19937 random(3);
  const auto first = random_vector(random);
  const auto second = random_vector(random);
  store_ready(*store, "a", {chunk(0, "words", first)});
  store_ready(*store, "b", {chunk(0, "words", second)});
  CHECK(indexed(environment) == "2");
  // As a worker leaves it that has not heard of the extension.
  environment.sql("UPDATE holdfast.chunk SET embedding = NULL WHERE title LIKE '%b'");
  CHECK(nearest(*store, second).at(0).document_id == "b");
  CHECK(nearest(*store, first).at(0).document_id == "a");
  REQUIRE(remove(*store, "a"));
  for (const SearchHit& hit : nearest(*store, first))
    CHECK(hit.document_id != "a");
  // The next migration makes up for it.
  REQUIRE(migrate_for_test(environment) == "hnsw");
  CHECK(indexed(environment) == "1");
}

TEST_CASE("pgvector: the extension that goes takes no document and no search with it") {
  if (!has_pgvector()) return;
  PostgresEnvironment environment;
  REQUIRE(migrate_for_test(environment) == "hnsw");
  const auto store = environment.open();
  std::mt19937 random(4);
  const auto vector = random_vector(random);
  store_ready(*store, "a", {chunk(0, "words", vector)});
  environment.sql("DROP EXTENSION vector CASCADE");
  CHECK(nearest(*store, vector).at(0).document_id == "a");
  REQUIRE(store->check());  // as every scrape does: from here on copies are not written
  store_ready(*store, "b", {chunk(0, "words", vector)});
  CHECK(nearest(*store, vector).size() == 2);
  // And it may come back.
  REQUIRE(migrate_for_test(environment) == "hnsw");
  CHECK(indexed(environment) == "2");
  CHECK(nearest(*store, vector).size() == 2);
}

TEST_CASE("pgvector: an index that was interrupted is made again; two dimensions have two") {
  if (!has_pgvector()) return;
  PostgresEnvironment environment;
  REQUIRE(migrate_for_test(environment) == "hnsw");
  environment.sql(
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid ="
      " 'holdfast.chunk_hnsw_48'::regclass");
  const auto store = environment.open();
  std::mt19937 random(5);
  const auto vector = random_vector(random);
  store_ready(*store, "a", {chunk(0, "words", vector)});
  CHECK(nearest(*store, vector).size() == 1);
  REQUIRE(migrate_for_test(environment) == "hnsw");
  REQUIRE(migrate_for_test(environment, 64) == "hnsw");
  CHECK(environment.sql("SELECT count(*) FROM pg_index AS i JOIN pg_class AS c"
                        " ON c.oid = i.indexrelid WHERE indisvalid"
                        " AND relname IN ('chunk_hnsw_48', 'chunk_hnsw_64')") == "2");
  CHECK_THAT(migrate_for_test(environment, 5000), Contains("at most 4000 dimensions"));
}

TEST_CASE("pgvector: an index that cannot be built fails no migration, and is made by the next") {
  if (!has_pgvector()) return;
  PostgresEnvironment environment;
  environment.sql("CREATE TABLE holdfast.chunk_hnsw_48()");
  CHECK_THAT(migrate_for_test(environment),
             Contains("exact (the index is not complete: ") && Contains("chunk_hnsw_48"));
  const auto store = environment.open();
  std::mt19937 random(6);
  const auto vector = random_vector(random);
  store_ready(*store, "a", {chunk(0, "words", vector)});
  CHECK(nearest(*store, vector).size() == 1);
  environment.sql("DROP TABLE holdfast.chunk_hnsw_48");
  CHECK(migrate_for_test(environment) == "hnsw");
  CHECK(nearest(*store, vector).size() == 1);
}

TEST_CASE("pgvector: with the index in place a migration waits for nobody who reads or writes") {
  if (!has_pgvector()) return;
  PostgresEnvironment environment;
  REQUIRE(migrate_for_test(environment) == "hnsw");
  const Holder writer(environment.url(), "LOCK TABLE holdfast.chunk IN ROW EXCLUSIVE MODE");
  CHECK(migrate_for_test(environment) == "hnsw");
}
