// SPDX-License-Identifier: Apache-2.0
// The queue when jobs fail and workers die: retries, budgets, leases, quarantine, release.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

// Claims one job, and lets the worker die over it.
void crash_over(Store& store, const std::string& name, const std::string& why) {
  const auto jobs = claim(store, worker(store, name));
  REQUIRE(jobs.size() == 1);
  worker(store, name, why);
}

}  // namespace

TEST_CASE("a failed job waits out its back-off and is then claimed again") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto job_id = create(*store, "d1")->job_id;
  const auto id = worker(*store);
  REQUIRE(fail(*store, key_of(claim(*store, id)[0]), "provider said 503", 10s) ==
          JobState::Waiting);
  const auto job = store->get_job(job_id);
  REQUIRE(job->last_error == "provider said 503");
  REQUIRE(job->run_at == environment->wall_ms() + 10'000);
  environment->advance(9s);
  REQUIRE(claim(*store, id).empty());
  environment->advance(1s);
  const auto again = claim(*store, id);
  REQUIRE(again.size() == 1);
  REQUIRE(again[0].attempt == 2);
  REQUIRE(again[0].fence == 2);
}

TEST_CASE("a job that used up its attempts is dead and its document failed") {
  const auto environment = make_environment();
  OpenOptions options;
  options.max_attempts = 2;
  const auto store = environment->open(options);
  const auto job_id = create(*store, "d1")->job_id;
  const auto id = worker(*store);
  REQUIRE(fail(*store, key_of(claim(*store, id)[0]), "first", 0s) == JobState::Waiting);
  REQUIRE(store->get_document("d1")->status == DocumentStatus::Pending);
  REQUIRE(fail(*store, key_of(claim(*store, id)[0]), "second", 0s) == JobState::Dead);
  REQUIRE(store->get_job(job_id)->finished_at);
  const auto document = store->get_document("d1");
  REQUIRE(document->status == DocumentStatus::Failed);
  REQUIRE(document->error == "second");
}

TEST_CASE("a permanent failure is dead at the first attempt") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(fail(*store, key_of(jobs[0]), "not a text", 1s, true) == JobState::Dead);
  REQUIRE(store->get_document("d1")->error == "not a text");
}

TEST_CASE("a failed job whose document was deleted is cancelled, not retried") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(remove(*store, "d1"));
  REQUIRE(fail(*store, key_of(jobs[0]), "stopped") == JobState::Cancelled);
}

TEST_CASE("released jobs are ready again with their attempt, and the worker gets no more") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  REQUIRE(create(*store, "d2"));
  const auto leaving = worker(*store, "queue-worker.0");
  REQUIRE(claim(*store, leaving, 2).size() == 2);
  REQUIRE(release(*store, leaving) == 2);
  REQUIRE(claim(*store, leaving).empty());
  const auto jobs = claim(*store, worker(*store, "queue-worker.1"), 2);
  REQUIRE(jobs.size() == 2);
  for (const Job& job : jobs) {
    REQUIRE(job.attempt == 1);
    REQUIRE(job.crashes == 0);
    REQUIRE(job.fence == 2);
  }
}

TEST_CASE("releasing a job whose document was deleted cancels it") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto job_id = create(*store, "d1")->job_id;
  const auto id = worker(*store);
  REQUIRE(claim(*store, id).size() == 1);
  REQUIRE(remove(*store, "d1"));
  REQUIRE(release(*store, id) == 1);
  REQUIRE(store->get_job(job_id)->state == JobState::Cancelled);
}

TEST_CASE("unregistering gives back what is held, and twice is no error") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto job_id = create(*store, "d1")->job_id;
  const auto id = worker(*store);
  REQUIRE(claim(*store, id).size() == 1);
  const auto unregister = [&] {
    return await<void>([&](auto done) { store->unregister_worker(id, done); });
  };
  REQUIRE(unregister());
  REQUIRE(store->get_job(job_id)->state == JobState::Ready);
  REQUIRE_FALSE(heartbeat(*store, id)->alive);
  REQUIRE(unregister());
}

TEST_CASE("a new incarnation rescues its predecessor at once, charging what it held") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto held = create(*store, "d1")->job_id;
  const auto dead = worker(*store);
  REQUIRE(claim(*store, dead, 2).size() == 1);
  const auto waiting = create(*store, "d2")->job_id;
  const auto id = worker(*store, "queue-worker.0", "signal 11 (SIGSEGV)");
  REQUIRE(id > dead);

  const auto charged = store->get_job(held);
  REQUIRE(charged->state == JobState::Waiting);
  REQUIRE(charged->crashes == 1);
  REQUIRE(charged->last_error == "signal 11 (SIGSEGV)");
  REQUIRE(charged->run_at == environment->wall_ms());
  const auto innocent = store->get_job(waiting);
  REQUIRE(innocent->state == JobState::Ready);
  REQUIRE(innocent->crashes == 0);
  REQUIRE(innocent->attempt == 0);
  REQUIRE_FALSE(heartbeat(*store, dead)->alive);
}

TEST_CASE("a new incarnation leaves the jobs of other workers alone") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto other = worker(*store, "queue-worker.1");
  const auto jobs = claim(*store, other);
  worker(*store, "queue-worker.0", "signal 9");
  REQUIRE(complete(*store, key_of(jobs[0])));
}

TEST_CASE("a job that keeps killing its worker is dead after max_crashes, with the cause") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto poison = create(*store, "poison")->job_id;
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 3; ++i) {
    crash_over(*store, "queue-worker.0", "signal 6 (SIGABRT)");
    delays.push_back(store->get_job(poison)->run_at - environment->wall_ms());
    environment->advance(10s);
  }
  REQUIRE(delays[0] == 0);
  REQUIRE(delays[1] == 400);
  const auto job = store->get_job(poison);
  REQUIRE(job->state == JobState::Dead);
  REQUIRE(job->crashes == 3);
  REQUIRE(job->last_error == "signal 6 (SIGABRT)");
  const auto document = store->get_document("poison");
  REQUIRE(document->status == DocumentStatus::Failed);
  REQUIRE_THAT(document->error, Catch::Contains("signal 6 (SIGABRT)"));
}

TEST_CASE("a job that crashed a worker is handed out alone, and its holder gets nothing else") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto suspect = create(*store, "suspect", "x", 1)->job_id;
  crash_over(*store, "queue-worker.0", "signal 11");
  for (int i = 0; i < 4; ++i)
    REQUIRE(create(*store, "d" + std::to_string(i)));
  environment->advance(1s);

  const auto busy = worker(*store, "queue-worker.1");
  {
    // First in line, so an empty worker gets it alone even though it asked for three.
    const auto jobs = claim(*store, busy, 3);
    REQUIRE(jobs.size() == 1);
    REQUIRE(jobs[0].id == suspect);
    REQUIRE(claim(*store, busy, 3).empty());
    REQUIRE(fail(*store, key_of(jobs[0]), "not this time", 0s) == JobState::Waiting);
  }
  // Made ready again behind this worker's back: a worker that holds others is passed over.
  const auto idle = worker(*store, "queue-worker.2");
  const auto alone = claim(*store, idle, 3);
  REQUIRE(alone.size() == 1);
  REQUIRE(alone[0].id == suspect);
  const auto others = claim(*store, busy, 2);
  REQUIRE(others.size() == 2);
  REQUIRE(release(*store, idle) == 1);
  const auto more = claim(*store, busy, 1);
  REQUIRE(more.size() == 1);
  REQUIRE(more[0].id != suspect);
}

TEST_CASE("a busy worker takes no more once a quarantined job has waited long, and then takes it") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto suspect = create(*store, "suspect", "x", 1)->job_id;
  crash_over(*store, "queue-worker.0", "signal 11");
  crash_over(*store, "queue-worker.0", "signal 11");
  const auto id = worker(*store, "queue-worker.1");
  REQUIRE(create(*store, "d0"));
  const auto held = claim(*store, id);  // the suspect still waits out its back-off
  REQUIRE(held.size() == 1);
  REQUIRE(held[0].id != suspect);
  REQUIRE(create(*store, "d1"));
  environment->advance(6s);
  REQUIRE(claim(*store, id).empty());
  REQUIRE(complete(*store, key_of(held[0])));
  const auto jobs = claim(*store, id, 2);
  REQUIRE(jobs.size() == 1);
  REQUIRE(jobs[0].id == suspect);
}

TEST_CASE("jobs of a worker whose lease ran out are rescued; a heartbeat keeps them") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto job_id = create(*store, "d1")->job_id;
  const auto id = worker(*store, "queue-worker.0", "", 30s);
  const auto jobs = claim(*store, id);
  environment->advance(29s);
  REQUIRE(rescue(*store) == 0);
  REQUIRE(heartbeat(*store, id, 30s)->alive);
  environment->advance(29s);
  REQUIRE(rescue(*store) == 0);
  environment->advance(2s);
  REQUIRE(rescue(*store) == 1);
  REQUIRE(store->get_job(job_id)->last_error == "lease expired");
  REQUIRE_FALSE(heartbeat(*store, id, 30s)->alive);
  REQUIRE(complete(*store, key_of(jobs[0])).error().kind == ErrorKind::Conflict);
}

TEST_CASE("a step of the wall clock ends no lease and no deadline") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto id = worker(*store);
  REQUIRE(claim(*store, id).size() == 1);
  environment->step_wall_clock(24h);
  REQUIRE(rescue(*store) == 0);
  REQUIRE(heartbeat(*store, id)->to_stop.empty());
  environment->step_wall_clock(-48h);
  REQUIRE(rescue(*store) == 0);
}

TEST_CASE("a heartbeat names the jobs that are past their deadline") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto id = worker(*store);
  ClaimRequest request;
  request.worker_id = id;
  request.timeout = 60s;
  const auto jobs = await<std::vector<Job>>([&](auto done) { store->claim(request, done); });
  environment->advance(60s);
  REQUIRE(heartbeat(*store, id)->to_stop.empty());
  environment->advance(1ms);
  const auto reply = heartbeat(*store, id);
  REQUIRE(reply->to_stop.size() == 1);
  REQUIRE(reply->to_stop[0].id == (*jobs)[0].id);
}

TEST_CASE("a crash over a job whose document was deleted cancels it") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto job_id = create(*store, "d1")->job_id;
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(remove(*store, "d1"));
  worker(*store, "queue-worker.0", "signal 9");
  REQUIRE(store->get_job(job_id)->state == JobState::Cancelled);
}
