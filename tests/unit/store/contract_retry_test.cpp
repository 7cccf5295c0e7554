// SPDX-License-Identifier: Apache-2.0
// Another chance for a job that gave up, or that waits.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

// Created, claimed by a worker of its own and failed for good.
Created dead_document(Store& store, const std::string& id) {
  const auto created = create(store, id);
  REQUIRE(created);
  const auto jobs = claim(store, worker(store, "embedder"));
  REQUIRE(jobs.size() == 1);
  REQUIRE(fail(store, key_of(jobs[0]), "broken", 1s, true) == JobState::Dead);
  return *created;
}

}  // namespace

TEST_CASE("a dead job that is retried is ready, its document pending, and both can succeed") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const Created created = dead_document(*store, "d1");
  REQUIRE(store->queue_stats("default")->dead == 1);
  environment->advance(1s);
  const auto job = retry(*store, created.job_id);
  REQUIRE(job);
  REQUIRE(job->id == created.job_id);
  REQUIRE(job->state == JobState::Ready);
  REQUIRE(job->attempt == 0);
  REQUIRE_FALSE(job->finished_at);
  REQUIRE(job->run_at == environment->wall_ms());
  REQUIRE(job->last_error == "broken");
  REQUIRE(store->queue_stats("default")->dead == 0);
  REQUIRE(store->queue_stats("default")->ready == 1);
  const auto document = store->get_document("d1");
  REQUIRE(document->status == DocumentStatus::Pending);
  REQUIRE(document->error.empty());
  REQUIRE(document->updated_at == environment->wall_ms());

  const auto again = claim(*store, worker(*store));
  REQUIRE(again.size() == 1);
  REQUIRE(again[0].attempt == 1);
  REQUIRE(again[0].fence == 2);
  REQUIRE(embed(*store, key_of(again[0]), "d1", {chunk(0, "text", {1})}));
  REQUIRE(store->get_document("d1")->status == DocumentStatus::Ready);
}

TEST_CASE("a job that waits for its next attempt is ready at once, and keeps its count") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(fail(*store, key_of(jobs[0]), "later", 1h) == JobState::Waiting);
  const auto job = retry(*store, jobs[0].id);
  REQUIRE(job);
  REQUIRE(job->state == JobState::Ready);
  REQUIRE(job->attempt == 1);
  REQUIRE(claim(*store, worker(*store, "other")).size() == 1);
}

TEST_CASE("a job that is ready, running, done or cancelled cannot be retried") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto created = create(*store, "d1");
  REQUIRE(retry(*store, created->job_id).error().kind == ErrorKind::Conflict);
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(retry(*store, created->job_id).error().kind == ErrorKind::Conflict);
  REQUIRE(store->get_job(created->job_id)->state == JobState::Running);
  REQUIRE(embed(*store, key_of(jobs[0]), "d1", {}));
  REQUIRE(retry(*store, created->job_id).error().kind == ErrorKind::Conflict);
  const auto other = create(*store, "d2");
  REQUIRE(remove(*store, "d2"));
  REQUIRE(retry(*store, other->job_id).error().kind == ErrorKind::Conflict);
  REQUIRE(retry(*store, 4711).error().kind == ErrorKind::NotFound);
}

TEST_CASE("a dead job whose document was deleted or replaced cannot be retried") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const Created replaced = dead_document(*store, "d1");
  const auto next = replace(*store, "d1", "two");
  REQUIRE(next);
  REQUIRE(retry(*store, replaced.job_id).error().kind == ErrorKind::Conflict);
  REQUIRE(store->get_document("d1")->job_id == next->job_id);
  REQUIRE(remove(*store, "d1"));
  const Created deleted = dead_document(*store, "d2");
  REQUIRE(remove(*store, "d2"));
  REQUIRE(retry(*store, deleted.job_id).error().kind == ErrorKind::Conflict);
}

TEST_CASE("a job that killed its workers keeps one crash on record and still runs alone") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto created = create(*store, "poison");
  for (int crash = 0; crash < 3; ++crash) {
    environment->advance(1h);
    const auto jobs = claim(*store, worker(*store, "w", "signal 11 (SIGSEGV)", 1s));
    REQUIRE(jobs.size() == 1);
    environment->advance(2s);
    REQUIRE(rescue(*store) == 1);
  }
  REQUIRE(store->get_job(created->job_id)->state == JobState::Dead);
  const auto job = retry(*store, created->job_id);
  REQUIRE(job);
  REQUIRE(job->crashes == 1);
  REQUIRE(create(*store, "innocent"));
  const auto alone = claim(*store, worker(*store, "x"), 10);
  REQUIRE(alone.size() == 1);
  REQUIRE(alone[0].id == created->job_id);
}
