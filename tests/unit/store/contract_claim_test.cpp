// SPDX-License-Identifier: Apache-2.0
// The queue when nothing goes wrong: order, ownership, completion, figures.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

#include <future>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

TEST_CASE("jobs are claimed by priority, then by age, and only once") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto low = create(*store, "low", "x", 200)->job_id;
  const auto first = create(*store, "first")->job_id;
  const auto second = create(*store, "second")->job_id;
  const auto urgent = create(*store, "urgent", "x", 1)->job_id;
  const auto id = worker(*store);
  const auto jobs = claim(*store, id, 3);
  REQUIRE(jobs.size() == 3);
  REQUIRE(jobs[0].id == urgent);
  REQUIRE(jobs[1].id == first);
  REQUIRE(jobs[2].id == second);
  for (const Job& job : jobs) {
    REQUIRE(job.state == JobState::Running);
    REQUIRE(job.attempt == 1);
    REQUIRE(job.fence == 1);
  }
  const auto rest = claim(*store, id, 3);
  REQUIRE(rest.size() == 1);
  REQUIRE(rest[0].id == low);
  REQUIRE(claim(*store, id, 3).empty());
}

TEST_CASE("two workers never get the same job") {
  const auto environment = make_environment();
  const auto one = environment->open();
  const auto two = environment->open();
  for (int i = 0; i < 10; ++i)
    REQUIRE(create(*one, "d" + std::to_string(i)));
  const auto a = worker(*one, "queue-worker.0");
  const auto b = worker(*two, "queue-worker.1");
  const auto left = claim(*one, a, 6);
  const auto right = claim(*two, b, 6);
  REQUIRE(left.size() == 6);
  REQUIRE(right.size() == 4);
  REQUIRE(left.back().id < right.front().id);
}

TEST_CASE("a claim of no jobs, or from another queue, gets none") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto id = worker(*store);
  REQUIRE(claim(*store, id, 0).empty());
  ClaimRequest request;
  request.worker_id = id;
  request.queue = "other";
  const auto jobs = await<std::vector<Job>>([&](auto done) { store->claim(request, done); });
  REQUIRE(jobs);
  REQUIRE(jobs->empty());
}

TEST_CASE("a worker that nobody registered claims nothing and is told so") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  ClaimRequest request;
  request.worker_id = 4711;
  const auto jobs = await<std::vector<Job>>([&](auto done) { store->claim(request, done); });
  REQUIRE_FALSE(jobs);
  REQUIRE(jobs.error().kind == ErrorKind::Conflict);
  REQUIRE(store->queue_stats("default")->ready == 1);
}

TEST_CASE("a completed embedding makes the document ready and searchable") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, worker(*store));
  environment->advance(5s);
  REQUIRE(embed(*store, key_of(jobs[0]), "d1",
                {chunk(0, "walrus", {1, 0}), chunk(1, "carpenter", {0, 1})}));
  const auto document = store->get_document("d1");
  REQUIRE(document->status == DocumentStatus::Ready);
  REQUIRE(document->chunk_count == 2);
  REQUIRE(document->updated_at == environment->wall_ms());
  const auto job = store->get_job(jobs[0].id);
  REQUIRE(job->state == JobState::Done);
  REQUIRE(job->finished_at == environment->wall_ms());
  const auto hits = find(*store, "carpenter", {}, 5);
  REQUIRE(hits->size() == 1);
  REQUIRE(hits->front().chunk == 1);
}

TEST_CASE("a document with no chunks becomes ready too") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "d1", {});
  REQUIRE(store->get_document("d1")->status == DocumentStatus::Ready);
  REQUIRE(store->get_document("d1")->chunk_count == 0);
}

TEST_CASE("an embedding of another version finishes its job and leaves the document alone") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(embed(*store, key_of(jobs[0]), "d1", {chunk(0, "old", {1})}, 0));
  REQUIRE(store->get_job(jobs[0].id)->state == JobState::Done);
  REQUIRE(store->get_document("d1")->status == DocumentStatus::Pending);
  REQUIRE(find(*store, "old", {1}, 5)->empty());
}

TEST_CASE("a stale fence is refused everywhere and changes nothing") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto before = worker(*store, "queue-worker.0");
  const JobKey stale = key_of(claim(*store, before)[0]);
  REQUIRE(release(*store, before) == 1);
  const auto after = worker(*store, "queue-worker.1");
  const JobKey held = key_of(claim(*store, after)[0]);
  REQUIRE(held.id == stale.id);
  REQUIRE(held.fence == stale.fence + 1);

  REQUIRE(complete(*store, stale).error().kind == ErrorKind::Conflict);
  REQUIRE(fail(*store, stale, "late").error().kind == ErrorKind::Conflict);
  REQUIRE(embed(*store, stale, "d1", {chunk(0, "stale", {1})}).error().kind == ErrorKind::Conflict);
  REQUIRE(store->get_job(held.id)->state == JobState::Running);
  REQUIRE(store->get_document("d1")->status == DocumentStatus::Pending);
  REQUIRE(find(*store, "stale", {1}, 5)->empty());

  REQUIRE(embed(*store, held, "d1", {chunk(0, "fresh", {1})}));
  REQUIRE(embed(*store, held, "d1", {chunk(0, "twice", {1})}).error().kind == ErrorKind::Conflict);
  REQUIRE(find(*store, "", {1}, 5)->front().text == "fresh");
}

TEST_CASE("of jobs that are completed all at once, those of a stale fence are refused") {
  const auto environment = make_environment();
  const auto store = environment->open();
  for (const char* name : {"d1", "d2", "d3", "d4"})
    REQUIRE(create(*store, name));
  const auto first = worker(*store, "queue-worker.0");
  std::vector<JobKey> keys;
  for (const Job& job : claim(*store, first, 4))
    keys.push_back(key_of(job));
  REQUIRE(release(*store, first) == 4);
  const auto second = worker(*store, "queue-worker.1");
  for (const Job& job : claim(*store, second, 3))
    keys.push_back(key_of(job));
  REQUIRE(keys.size() == 7);

  std::vector<std::promise<Result<void>>> promises(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    store->complete(keys[i],
                    [&promises, i](Result<void> done) { promises[i].set_value(std::move(done)); });
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto done = promises[i].get_future().get();
    INFO("job " << keys[i].id << ", fence " << keys[i].fence);
    if (i < 4) {
      REQUIRE_FALSE(done);
      CHECK(done.error().kind == ErrorKind::Conflict);
    } else {
      CHECK(done);
    }
  }
  const auto stats = store->queue_stats("default");
  CHECK(stats->done == 3);
  CHECK(stats->ready == 1);
}

TEST_CASE("peek tells what a claim would find, and when to look again") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE_FALSE(store->peek("default")->ready);
  REQUIRE_FALSE(store->peek("default")->next_at);
  REQUIRE(create(*store, "d1"));
  REQUIRE(store->peek("default")->ready);
  REQUIRE_FALSE(store->peek("other")->ready);

  const auto id = worker(*store);
  const auto jobs = claim(*store, id);
  REQUIRE_FALSE(store->peek("default")->ready);
  REQUIRE(fail(*store, key_of(jobs[0]), "no", 30s) == JobState::Waiting);
  REQUIRE_FALSE(store->peek("default")->ready);
  REQUIRE(store->peek("default")->next_at == environment->wall_ms() + 30'000);
  environment->advance(30s);
  REQUIRE(store->peek("default")->ready);
}

TEST_CASE("queue figures count every state and know the oldest ready job") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto id = worker(*store);
  for (const char* name : {"done", "dead", "waiting", "running"})
    REQUIRE(create(*store, name));
  const auto jobs = claim(*store, id, 4);
  REQUIRE(complete(*store, key_of(jobs[0])));
  REQUIRE(fail(*store, key_of(jobs[1]), "broken", 1s, true) == JobState::Dead);
  REQUIRE(fail(*store, key_of(jobs[2]), "again") == JobState::Waiting);
  REQUIRE(create(*store, "cancelled"));
  REQUIRE(remove(*store, "cancelled"));
  environment->advance(1min);
  REQUIRE(create(*store, "ready"));
  environment->advance(1min);
  REQUIRE(create(*store, "younger, but first in line", "x", 1));

  const auto stats = store->queue_stats("default");
  REQUIRE(stats->ready == 2);
  REQUIRE(stats->waiting == 1);
  REQUIRE(stats->running == 1);
  REQUIRE(stats->done == 1);
  REQUIRE(stats->cancelled == 1);
  REQUIRE(stats->dead == 1);
  REQUIRE(stats->oldest_ready_ms == 60'000);
  REQUIRE(store->queue_stats("other")->oldest_ready_ms == 0);
}

TEST_CASE("finished jobs are pruned once they are old enough, dead ones after a week") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto id = worker(*store);
  for (const char* name : {"done", "dead", "running"})
    REQUIRE(create(*store, name));
  const auto jobs = claim(*store, id, 3);
  REQUIRE(complete(*store, key_of(jobs[0])));
  REQUIRE(fail(*store, key_of(jobs[1]), "broken", 1s, true));

  environment->advance(23h);
  REQUIRE(prune(*store, 24h) == 0);
  environment->advance(2h);
  REQUIRE(prune(*store, 24h) == 1);
  REQUIRE(store->get_job(jobs[0].id).error().kind == ErrorKind::NotFound);
  REQUIRE(store->get_job(jobs[1].id));
  environment->advance(24h * 7);
  REQUIRE(prune(*store, 24h) == 1);
  const auto stats = store->queue_stats("default");
  REQUIRE(stats->done == 0);
  REQUIRE(stats->dead == 0);
  REQUIRE(stats->running == 1);
}
