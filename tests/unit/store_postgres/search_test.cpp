// SPDX-License-Identifier: Apache-2.0
// What a search reads: the terms of a chunk take the server longer than all the rest.

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using holdfast::test::wait_until;

namespace {

constexpr int kEqual = 400;

// Chunks that have the same words, and so many others that their terms are stored apart.
std::vector<Chunk> equal_chunks() {
  std::vector<Chunk> chunks;
  std::uint32_t random = 1;
  for (int i = 0; i < kEqual; ++i) {
    chunks.push_back(chunk(i, "The mizzen boom.", {1, 0}));
    std::string others;
    for (int word = 0; word < 400; ++word) {
      random = random * 1'664'525 + 1'013'904'223;
      others += std::to_string(random) + " ";
    }
    chunks.back().terms = others + chunks.back().terms;
  }
  return chunks;
}

// Blocks of what is stored apart of chunks that were read so far, by sessions that have ended.
long blocks_read(const PostgresEnvironment& environment) {
  REQUIRE(wait_until([&] {
    return environment.sql(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
               " AND pid <> pg_backend_pid()") == "0";
  }));
  return std::stol(
      environment.sql("SELECT coalesce(toast_blks_read, 0) + coalesce(toast_blks_hit, 0)"
                      " FROM pg_statio_user_tables WHERE relid = 'holdfast.chunk'::regclass"));
}

}  // namespace

TEST_CASE("of more equal matches than are wanted no more terms are read than of those") {
  PostgresEnvironment environment;
  environment.sql(
      "ALTER TABLE holdfast.chunk"
      " SET (autovacuum_enabled = false, toast.autovacuum_enabled = false)");
  store_ready(*environment.open(), "equal", equal_chunks());
  const auto reads_of = [&](const auto& reader) {
    const long before = blocks_read(environment);
    reader();
    return blocks_read(environment) - before;
  };
  const long all =
      reads_of([&] { environment.sql("SELECT sum(length(terms || terms)) FROM holdfast.chunk"); });
  REQUIRE(all >= kEqual);
  for (const std::string query : {"mizzen boom", "\"mizzen boom\""}) {
    INFO(query);
    CHECK(reads_of([&] { REQUIRE(find(*environment.open(), query, {}, 10)->size() == 1); }) <
          all / 2);
  }
}
