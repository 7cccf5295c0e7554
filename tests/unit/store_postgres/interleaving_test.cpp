// SPDX-License-Identifier: Apache-2.0
// What a transaction decides about jobs that another one, not yet committed, has changed: it waits
// for that one, and then decides by what is true.

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <future>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using holdfast::test::wait_until;

namespace {

// Runs `write` while the change of the job is not yet committed, and commits it once the write
// waits for it.
template <class Write>
auto while_uncommitted(PostgresEnvironment& environment, const std::string& change, Write write) {
  Holder other(environment.url(), change);
  auto answer = std::async(std::launch::async, std::move(write));
  const bool waits = wait_until([&] {
    return environment.sql(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
               " AND datname = current_database()") == "1";
  });
  other.commit();
  REQUIRE(waits);
  return answer.get();
}

std::string of_job(const std::string& change, std::int64_t id) {
  return fmt::format("UPDATE holdfast.job SET {} WHERE id = {}", change, id);
}

const std::string kGivenBack =
    "state = 0, worker_id = NULL, started_at = NULL, deadline_at = NULL, attempt = 0";

}  // namespace

TEST_CASE(
    "a request to stop that is committed while the worker gives its jobs back fails the document") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  const auto created = create(*store, "d1");
  REQUIRE(created);
  const auto id = worker(*store);
  REQUIRE(claim(*store, id).size() == 1);
  const std::string ask = of_job("cancel_requested = true", created->job_id);
  SECTION("by a release") {
    const auto count = while_uncommitted(environment, ask, [&] { return release(*store, id); });
    REQUIRE(count == 1);
  }
  SECTION("by a worker that leaves") {
    REQUIRE(while_uncommitted(environment, ask, [&] {
      return await<void>([&](auto done) { store->unregister_worker(id, std::move(done)); });
    }));
  }
  SECTION("by a rescue of jobs that had not begun") {
    environment.sql(of_job("started_at = NULL", created->job_id));
    environment.advance(10min);
    const auto count = while_uncommitted(environment, ask, [&] { return rescue(*store); });
    REQUIRE(count == 1);
  }
  CHECK(store->get_job(created->job_id)->state == JobState::Cancelled);
  const auto document = store->get_document("d1");
  CHECK(document->status == DocumentStatus::Failed);
  CHECK(document->error == "its job was cancelled");
}

TEST_CASE("a job that is given back while its document is replaced or deleted never runs") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  const auto created = create(*store, "d1");
  REQUIRE(created);
  REQUIRE(claim(*store, worker(*store)).size() == 1);
  const std::string give_back = of_job(kGivenBack, created->job_id);
  SECTION("replaced") {
    REQUIRE(while_uncommitted(environment, give_back,
                              [&] { return replace(*store, "d1", "another text"); }));
  }
  SECTION("deleted") {
    REQUIRE(while_uncommitted(environment, give_back, [&] { return remove(*store, "d1"); }));
  }
  const auto job = store->get_job(created->job_id);
  CHECK(job->state == JobState::Cancelled);
  CHECK(job->finished_at);
}

TEST_CASE("a job that is claimed while its document is replaced is asked to stop") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  const auto created = create(*store, "d1");
  REQUIRE(created);
  const auto id = worker(*store);
  REQUIRE(while_uncommitted(
      environment,
      of_job(fmt::format("state = 2, fence = 1, worker_id = {}, deadline_at = 1e15", id),
             created->job_id),
      [&] { return replace(*store, "d1", "another text"); }));
  const auto job = store->get_job(created->job_id);
  CHECK(job->state == JobState::Running);
  CHECK(job->cancel_requested);
}
