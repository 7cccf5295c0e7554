// SPDX-License-Identifier: Apache-2.0
// What operators do with jobs: look through them, cancel, discard, many at a time, pause; and the
// clock, which somebody sets back.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

#include <algorithm>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

Result<Job> cancel(Store& store, std::int64_t id) {
  return await<Job>([&](auto done) { store.cancel_job(id, done); });
}

Result<void> discard(Store& store, std::int64_t id) {
  return await<void>([&](auto done) { store.discard_job(id, done); });
}

Result<JobsChanged> change(Store& store, const JobChange& change) {
  return await<JobsChanged>([&](auto done) { store.change_jobs(change, done); });
}

void pause(Store& store, const std::string& kind = "") {
  REQUIRE(await<void>([&](auto done) { store.pause("default", kind, done); }));
}

void resume(Store& store, const std::string& kind = "") {
  REQUIRE(await<void>([&](auto done) { store.resume("default", kind, done); }));
}

std::vector<std::int64_t> ids_of(const std::vector<Job>& jobs) {
  std::vector<std::int64_t> ids;
  for (const Job& job : jobs)
    ids.push_back(job.id);
  return ids;
}

std::vector<std::int64_t> listed(Store& store, const JobFilter& filter) {
  JobQuery query;
  query.filter = filter;
  const auto page = store.list_jobs(query);
  REQUIRE(page);
  REQUIRE(store.count_jobs(filter) == static_cast<std::int64_t>(page->jobs.size()));
  return ids_of(page->jobs);
}

using Ids = std::vector<std::int64_t>;

// One job in each state but running, by the name of its state.
struct OneOfEach {
  std::int64_t done = 0, dead = 0, waiting = 0, cancelled = 0, ready = 0;
  explicit OneOfEach(Store& store) {
    done = create(store, "done")->job_id;
    dead = create(store, "dead")->job_id;
    waiting = create(store, "waiting")->job_id;
    const auto jobs = claim(store, worker(store), 3);
    REQUIRE(jobs.size() == 3);
    REQUIRE(complete(store, key_of(jobs[0])));
    REQUIRE(fail(store, key_of(jobs[1]), "broken", 1s, true) == JobState::Dead);
    REQUIRE(fail(store, key_of(jobs[2]), "later", 1h) == JobState::Waiting);
    cancelled = create(store, "cancelled")->job_id;
    REQUIRE(cancel(store, cancelled));
    ready = create(store, "ready")->job_id;
  }
};

}  // namespace

TEST_CASE("a cancelled job never runs, and its document says why it is not embedded") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto id = create(*store, "d1")->job_id;
  const auto job = cancel(*store, id);
  REQUIRE(job);
  CHECK(job->state == JobState::Cancelled);
  CHECK(job->finished_at == environment->wall_ms());
  CHECK(store->get_document("d1")->status == DocumentStatus::Failed);
  CHECK(store->get_document("d1")->error == "its job was cancelled");
  CHECK(claim(*store, worker(*store)).empty());
  CHECK(cancel(*store, id).error().kind == ErrorKind::Conflict);
  CHECK(cancel(*store, id + 100).error().kind == ErrorKind::NotFound);
}

TEST_CASE("a cancelled job can be retried after all, with a fresh budget") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto id = create(*store, "d1")->job_id;
  REQUIRE(cancel(*store, id));
  REQUIRE(retry(*store, id)->state == JobState::Ready);
  CHECK(store->get_document("d1")->status == DocumentStatus::Pending);
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(jobs.size() == 1);
  REQUIRE(embed(*store, key_of(jobs[0]), "d1", {chunk(0, "text", {1})}));
  CHECK(store->get_document("d1")->status == DocumentStatus::Ready);
}

TEST_CASE("who runs a job that is cancelled is told to stop, and then it is cancelled") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto id = worker(*store);
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, id);
  CHECK(store->jobs_to_stop(id)->empty());

  const auto asked = cancel(*store, jobs[0].id);
  REQUIRE(asked);
  CHECK(asked->state == JobState::Running);
  CHECK(asked->cancel_requested);
  CHECK(asked->started_at == environment->wall_ms());
  const auto to_stop = store->jobs_to_stop(id);
  REQUIRE(to_stop->size() == 1);
  CHECK(to_stop->front().id == jobs[0].id);
  CHECK(to_stop->front().fence == jobs[0].fence);

  REQUIRE(fail(*store, key_of(jobs[0]), "stopped") == JobState::Cancelled);
  CHECK(store->get_document("d1")->error == "its job was cancelled");
  CHECK(store->jobs_to_stop(id)->empty());
}

TEST_CASE("a job that is finished before its worker hears that it is cancelled is done") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(cancel(*store, jobs[0].id));
  REQUIRE(embed(*store, key_of(jobs[0]), "d1", {chunk(0, "text", {1})}));
  CHECK(store->get_job(jobs[0].id)->state == JobState::Done);
  CHECK(store->get_document("d1")->status == DocumentStatus::Ready);
}

TEST_CASE("a cancelled job does not come back from a worker that dies or leaves") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "released"));
  const auto leaving = worker(*store, "leaving");
  const auto released = claim(*store, leaving);
  REQUIRE(cancel(*store, released[0].id));
  REQUIRE(release(*store, leaving) == 1);

  REQUIRE(create(*store, "crashed"));
  const auto dying = worker(*store, "dying");
  const auto crashed = claim(*store, dying);
  REQUIRE(cancel(*store, crashed[0].id));
  worker(*store, "dying", "signal 9 (SIGKILL)");
  for (const char* name : {"released", "crashed"}) {
    INFO(name);
    CHECK(store->get_document(name)->status == DocumentStatus::Failed);
    CHECK(store->get_document(name)->error == "its job was cancelled");
  }
  CHECK(store->queue_stats("default")->cancelled == 2);
  CHECK(claim(*store, worker(*store, "other"), 5).empty());
}

TEST_CASE("a job past its deadline is to stop, though nobody cancelled it") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto id = worker(*store);
  REQUIRE(create(*store, "d1"));
  REQUIRE(claim(*store, id).size() == 1);
  environment->advance(9min);
  CHECK(store->jobs_to_stop(id)->empty());
  environment->advance(2min);
  CHECK(store->jobs_to_stop(id)->size() == 1);
}

TEST_CASE("finished jobs can be discarded, others cannot") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const OneOfEach jobs(*store);
  for (const std::int64_t id : {jobs.ready, jobs.waiting})
    CHECK(discard(*store, id).error().kind == ErrorKind::Conflict);
  for (const std::int64_t id : {jobs.done, jobs.dead, jobs.cancelled}) {
    CHECK(discard(*store, id));
    CHECK(store->get_job(id).error().kind == ErrorKind::NotFound);
  }
  const auto stats = store->queue_stats("default");
  CHECK(stats->done + stats->dead + stats->cancelled == 0);
}

TEST_CASE("jobs are listed newest first, by what is asked for") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const OneOfEach jobs(*store);
  JobFilter filter;
  CHECK(listed(*store, filter) ==
        Ids{jobs.ready, jobs.cancelled, jobs.waiting, jobs.dead, jobs.done});
  filter.states = {JobState::Dead, JobState::Waiting};
  CHECK(listed(*store, filter) == Ids{jobs.waiting, jobs.dead});
  filter.kind = "embed";
  filter.queue = "default";
  CHECK(listed(*store, filter) == Ids{jobs.waiting, jobs.dead});
  filter.kind = "other";
  CHECK(listed(*store, filter).empty());
  filter = {};
  filter.queue = "other";
  CHECK(listed(*store, filter).empty());
  filter = {};
  filter.ids = {jobs.done, jobs.ready, 4711};
  CHECK(listed(*store, filter) == Ids{jobs.ready, jobs.done});
}

TEST_CASE("an age is counted from the end of a job, or else from its beginning") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto old = create(*store, "old")->job_id;
  environment->advance(1h);
  REQUIRE(cancel(*store, old));
  const auto young = create(*store, "young")->job_id;
  environment->advance(10min);
  JobFilter filter;
  filter.older_than_ms = 30 * 60'000;
  CHECK(listed(*store, filter).empty());
  filter.older_than_ms = 5 * 60'000;
  CHECK(listed(*store, filter) == Ids{young, old});
}

TEST_CASE("a list comes page by page") {
  const auto environment = make_environment();
  const auto store = environment->open();
  for (int i = 0; i < 5; ++i)
    REQUIRE(create(*store, "d" + std::to_string(i)));
  JobQuery query;
  query.limit = 2;
  Ids all;
  int pages = 0;
  do {
    const auto page = store->list_jobs(query);
    REQUIRE(page);
    const Ids ids = ids_of(page->jobs);
    all.insert(all.end(), ids.begin(), ids.end());
    query.before = page->next;
    ++pages;
  } while (query.before != 0);
  CHECK(pages == 3);
  CHECK(all.size() == 5);
  CHECK(std::is_sorted(all.rbegin(), all.rend()));
}

TEST_CASE("many jobs are changed step by step, and those in no state for it are left alone") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const OneOfEach jobs(*store);
  JobChange cancelling{JobAction::Cancel, {}, 0, 1};
  auto step = change(*store, cancelling);
  REQUIRE(step);
  CHECK(step->changed == 1);
  REQUIRE(step->next == jobs.waiting);
  cancelling.after = step->next;
  cancelling.limit = 10;
  step = change(*store, cancelling);
  CHECK(step->changed == 1);
  CHECK(step->next == 0);
  CHECK(store->queue_stats("default")->cancelled == 3);

  JobChange retrying{JobAction::Retry, {}, 0, 100};
  retrying.filter.states = {JobState::Dead};
  CHECK(change(*store, retrying)->changed == 1);
  CHECK(store->get_job(jobs.dead)->state == JobState::Ready);

  JobChange named{JobAction::Discard, {}, 0, 100};
  named.filter.ids = {jobs.done, jobs.dead, 4711};
  const auto discarded = change(*store, named);
  CHECK(discarded->changed == 1);
  CHECK(discarded->refused == 1);
  CHECK(discarded->refusal.find("only finished jobs can be discarded") != std::string::npos);
  CHECK(store->get_job(jobs.done).error().kind == ErrorKind::NotFound);
}

TEST_CASE("a paused queue gives nothing until it is resumed; what runs goes on") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto id = worker(*store);
  REQUIRE(create(*store, "running"));
  const auto held = claim(*store, id);
  REQUIRE(create(*store, "ready"));
  pause(*store);
  pause(*store);
  CHECK(store->queue_stats("default")->paused);
  CHECK_FALSE(store->peek("default")->ready);
  CHECK(claim(*store, id).empty());
  CHECK(complete(*store, key_of(held[0])));
  resume(*store);
  CHECK_FALSE(store->queue_stats("default")->paused);
  CHECK(store->peek("default")->ready);
  CHECK(claim(*store, id).size() == 1);
}

TEST_CASE("a kind of jobs can be paused by itself") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto id = worker(*store);
  pause(*store, "other");
  CHECK(store->peek("default")->ready);
  pause(*store, "embed");
  CHECK(store->queue_stats("default")->paused_kinds == std::vector<std::string>{"embed", "other"});
  CHECK_FALSE(store->queue_stats("default")->paused);
  CHECK_FALSE(store->peek("default")->ready);
  CHECK(claim(*store, id).empty());
  resume(*store, "embed");
  CHECK(claim(*store, id).size() == 1);
}

TEST_CASE("the oldest ready job counts from when it was due, and not from when it was created") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(fail(*store, key_of(jobs[0]), "broken", 1s, true) == JobState::Dead);
  environment->advance(7 * 24h);
  REQUIRE(retry(*store, jobs[0].id));
  environment->advance(5s);
  REQUIRE(create(*store, "younger"));
  CHECK(store->queue_stats("default")->oldest_ready_ms == 5000);
}

TEST_CASE("ages are by the clock of the store, whatever the host's own says") {
  for (const Duration ahead : {Duration(1h), Duration(0s), Duration(-1h)}) {
    CAPTURE(ahead.count());
    const auto environment = make_environment();
    OpenOptions before;
    before.vector_space = "a/2";
    store_ready(*environment->open(before), "embedded", {chunk(0, "walrus", {1, 0})});
    const auto store = environment->open();
    REQUIRE(create(*store, "d1"));
    environment->advance(7s);
    if (environment->has_clock_of_its_own()) environment->step_wall_clock(-ahead);
    CHECK(store->queue_stats("default")->oldest_ready_ms == 7000);
    const auto page = store->list_jobs({});
    REQUIRE(page);
    CHECK(page->now - page->jobs.front().created_at == 7000);
    const auto enqueue = [&](Duration age) {
      return await<std::int64_t>([&](auto done) { store->enqueue_outdated(9, age, done); });
    };
    CHECK(enqueue(7s) == 0);
    CHECK(enqueue(6s) == 1);
  }
}

TEST_CASE("a job that is due in the future of a clock that was set back has waited for no time") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  environment->step_store_clock(-1h);
  CHECK(store->queue_stats("default")->oldest_ready_ms == 0);
}

TEST_CASE("a clock that is set back makes a job wait no longer than it was told to") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto id = worker(*store);
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, id);
  REQUIRE(fail(*store, key_of(jobs[0]), "later", 30s) == JobState::Waiting);
  environment->step_store_clock(-7 * 24h);
  // Whoever looks sees that something is to be done, and a claim does it.
  CHECK(store->peek("default")->ready);
  CHECK(claim(*store, id).empty());
  CHECK(store->get_job(jobs[0].id)->run_at == environment->wall_ms() + 30'000);
  CHECK_FALSE(store->peek("default")->ready);
  environment->advance(30s);
  CHECK(claim(*store, id).size() == 1);
}

TEST_CASE("a clock that is set forward makes a waiting job due at once") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto id = worker(*store);
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, id);
  REQUIRE(fail(*store, key_of(jobs[0]), "later", 1h) == JobState::Waiting);
  environment->step_store_clock(24h);
  CHECK(store->peek("default")->ready);
  CHECK(claim(*store, worker(*store, "other")).size() == 1);
}

TEST_CASE("a job that finished while the clock was ahead is kept for its time from then on") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(embed(*store, key_of(jobs[0]), "d1", {}));
  environment->step_store_clock(-365 * 24h);
  CHECK(prune(*store, 1h) == 0);
  CHECK(store->get_job(jobs[0].id)->finished_at == environment->wall_ms());
  CHECK(store->queue_stats("default")->done == 1);
  environment->advance(1h + 1ms);
  CHECK(prune(*store, 1h) == 1);
  CHECK(store->queue_stats("default")->done == 0);
}

TEST_CASE("a key of a request from when the clock was ahead is kept for its time from then on") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto post = [&] {
    NewDocument document;
    document.id = "d1";
    document.content = "text";
    document.idempotency_key = IdempotencyKey{"scope", "key", "print"};
    return await<Created>([&](auto done) { store->create_document(document, done); });
  };
  REQUIRE(post());
  environment->step_store_clock(-365 * 24h);
  REQUIRE(prune(*store, 1h));
  REQUIRE(post()->repeated);
  environment->advance(24h + 1ms);
  REQUIRE(prune(*store, 1h));
  // The document is there, and nobody remembers the request.
  CHECK_FALSE(post());
}

TEST_CASE("a worker that died while the clock was ahead is noticed, and a job has its time") {
  const auto environment = make_environment();
  const auto here = environment->open(on_host("here"));
  const auto there = environment->open(on_host("there"));
  const auto own = worker(*here, "queue-worker.0", "", 10s);
  const auto theirs = worker(*there, "queue-worker.0", "", 30s);
  REQUIRE(create(*here, "d1"));
  REQUIRE(create(*here, "d2"));
  ClaimRequest request;
  request.worker_id = own;
  request.timeout = 60s;
  const auto mine = await<std::vector<Job>>([&](auto done) { here->claim(request, done); });
  REQUIRE(mine->size() == 1);
  REQUIRE(claim(*there, theirs).size() == 1);
  environment->step_store_clock(-365 * 24h);
  CHECK(rescue(*here) == 0);
  REQUIRE(heartbeat(*here, own, 10s)->to_stop.empty());
  environment->advance(61s);
  CHECK(heartbeat(*here, own, 10s)->to_stop.size() == 1);
  environment->advance(40s);
  REQUIRE(heartbeat(*here, own, 10s)->alive);
  CHECK(rescue(*here) == 1);
}

TEST_CASE("a job that is delayed waits until it is due, also if the clock is set back") {
  const auto environment = make_environment();
  const auto store = environment->open();
  NewDocument document;
  document.id = "d1";
  document.content = "text";
  document.delay_ms = 60'000;
  const auto created = await<Created>([&](auto done) { store->create_document(document, done); });
  REQUIRE(created);
  const auto id = worker(*store);
  CHECK(store->get_job(created->job_id)->state == JobState::Waiting);
  CHECK(store->queue_stats("default")->waiting == 1);
  CHECK(claim(*store, id).empty());
  environment->step_store_clock(-24h);
  CHECK(claim(*store, id).empty());
  environment->advance(60s);
  CHECK(claim(*store, id).size() == 1);
}

TEST_CASE("a job can have a deadline of its own") {
  const auto environment = make_environment();
  const auto store = environment->open();
  NewDocument document;
  document.id = "d1";
  document.content = "text";
  document.timeout_ms = 5'000;
  REQUIRE(await<Created>([&](auto done) { store->create_document(document, done); }));
  const auto id = worker(*store);
  REQUIRE(claim(*store, id).size() == 1);
  environment->advance(4s);
  CHECK(store->jobs_to_stop(id)->empty());
  environment->advance(2s);
  CHECK(store->jobs_to_stop(id)->size() == 1);
}

TEST_CASE("a unique key belongs to one unfinished job at a time") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto post = [&](const std::string& id, const std::string& key) {
    NewDocument document;
    document.id = id;
    document.content = "text";
    document.unique_key = key;
    return await<Created>([&](auto done) { store->create_document(document, done); });
  };
  const auto first = post("d1", "import");
  REQUIRE(first);
  const auto second = post("d2", "import");
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::Conflict);
  CHECK(second.error().message == "another job with the unique key 'import' is not finished");
  CHECK(store->get_document("d2").error().kind == ErrorKind::NotFound);
  CHECK(post("d3", "other"));
  REQUIRE(cancel(*store, first->job_id));
  CHECK(post("d4", "import"));
  // It has lost its key to the other one.
  CHECK(retry(*store, first->job_id).error().kind == ErrorKind::Conflict);
}
