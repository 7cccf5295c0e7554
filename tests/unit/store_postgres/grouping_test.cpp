// SPDX-License-Identifier: Apache-2.0
// Writes that wait for the same writer share a transaction: results, and the claim behind them.
// One that the server refuses fails alone.

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <future>
#include <optional>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using Catch::Contains;
using holdfast::test::wait_until;

namespace {

template <class T>
std::pair<Callback<T>, std::future<Result<T>>> answer() {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  return {[promise](Result<T> result) { promise->set_value(std::move(result)); },
          std::move(future)};
}

// Three jobs that are claimed and one that is ready; then, while the writer waits for a lock, the
// three are completed and one more is claimed.
struct Group {
  explicit Group(PostgresEnvironment& environment) : store(environment.open()) {
    for (const char* const id : {"d1", "d2", "d3", "d4"})
      REQUIRE(create(*store, id));
    worker_id = worker(*store);
    jobs = claim(*store, worker_id, 3);
    REQUIRE(jobs.size() == 3);
  }

  void finish(PostgresEnvironment& environment) {
    std::optional<Holder> holder(std::in_place, environment.url(),
                                 "LOCK TABLE holdfast.commit_mark IN EXCLUSIVE MODE");
    auto [stored, first] = answer<Created>();
    NewDocument document;
    document.id = "held";
    document.content = "text";
    store->create_document(document, stored);
    REQUIRE(wait_until([&] {
      return environment.sql(
                 "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                 " AND datname = current_database()") == "1";
    }));
    for (const Job& job : jobs) {
      auto [done, result] = answer<void>();
      store->complete(key_of(job), done);
      results.push_back(std::move(result));
    }
    auto [done, result] = answer<std::vector<Job>>();
    ClaimRequest request;
    request.worker_id = worker_id;
    store->claim(request, done);
    claimed = std::move(result);
    holder.reset();
    REQUIRE(first.get());
  }

  std::unique_ptr<Store> store;
  std::int64_t worker_id = 0;
  std::vector<Job> jobs;
  std::vector<std::future<Result<void>>> results;
  std::future<Result<std::vector<Job>>> claimed;
};

}  // namespace

TEST_CASE("results that wait, and the claim behind them, are one transaction") {
  PostgresEnvironment environment;
  Group group(environment);
  group.finish(environment);
  for (auto& result : group.results)
    CHECK(result.get());
  const auto claimed = group.claimed.get();
  REQUIRE(claimed);
  REQUIRE(claimed->size() == 1);
  CHECK(environment.sql("SELECT count(DISTINCT xmin::text) FROM holdfast.job"
                        " WHERE state = 3 OR worker_id IS NOT NULL") == "1");
}

TEST_CASE("a result that the server refuses fails alone: what shared its transaction is stored") {
  PostgresEnvironment environment;
  Group group(environment);
  const std::string refused = std::to_string(group.jobs[1].id);
  environment.sql(
      "CREATE FUNCTION holdfast.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " IF NEW.id = " +
      refused +
      " AND NEW.state = 3 THEN RAISE EXCEPTION 'refused by a test'; END IF;"
      " RETURN NEW; END $$");
  environment.sql(
      "CREATE TRIGGER refuse BEFORE UPDATE ON holdfast.job FOR EACH ROW"
      " EXECUTE FUNCTION holdfast.refuse()");
  group.finish(environment);
  CHECK(group.results[0].get());
  const auto failed = group.results[1].get();
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, Contains("refused by a test"));
  CHECK(group.results[2].get());
  const auto claimed = group.claimed.get();
  REQUIRE(claimed);
  CHECK(claimed->size() == 1);
  CHECK(environment.sql("SELECT count(*) FROM holdfast.job WHERE state = 3") == "2");
  CHECK(environment.sql("SELECT count(*) FROM holdfast.document WHERE id = 'held'") == "1");
}
