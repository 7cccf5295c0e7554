// SPDX-License-Identifier: Apache-2.0
// Jobs that fail, and a store that does.

#include "tests/unit/queue/world.hpp"

#include <algorithm>

using namespace holdfast;
using namespace holdfast::queue;
using namespace holdfast::test;

using Results = std::vector<AttemptResult>;

namespace {

auto always(ErrorKind kind) {
  return [kind](int, auto) { return std::optional<Result<Vectors>>(fail(kind, "no luck")); };
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

TEST_CASE(
    "a provider that keeps failing is retried, then the job is dead and the document failed") {
  World world;
  world.provider.instead = always(ErrorKind::Unavailable);
  const auto created = world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(3));
  CHECK(world.seen.results() ==
        Results{AttemptResult::Retried, AttemptResult::Retried, AttemptResult::Dead});
  CHECK(world.seen.ended[2].job.attempt == 3);
  CHECK(world.seen.bad_batches == 3);
  CHECK(world.job(created).state == store::JobState::Dead);
  CHECK(world.document(created).status == store::DocumentStatus::Failed);
  CHECK(world.document(created).error == "embed: no luck");
}

TEST_CASE("a failure that cannot pass is not retried") {
  World world;
  world.provider.instead = always(ErrorKind::InvalidArgument);
  world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Dead});
}

TEST_CASE("a running job that is cancelled stops at its next batch, long before a heartbeat") {
  World world;
  world.options.limits.lease = 1h;  // a heartbeat each 20 minutes
  const auto created = world.post(text_of_batches(3));
  world.provider.before = [&](int call) {
    if (call == 1) world.gate.pass();
  };
  world.start();
  REQUIRE(world.run_until([&] { return world.gate.arrived(); }));
  REQUIRE(world.await<store::Job>(
      [&](auto done) { world.store->cancel_job(created.job_id, std::move(done)); }));
  // The worker has asked since.
  const int asked = world.store->calls("jobs_to_stop");
  REQUIRE(world.run_until([&] { return world.store->calls("jobs_to_stop") >= asked + 2; }));
  world.gate.open();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Cancelled});
  CHECK(world.provider.calls == 1);
  CHECK(world.job(created).state == store::JobState::Cancelled);
  CHECK(world.document(created).error == "its job was cancelled");
}

TEST_CASE("a paused queue makes nobody write, and goes on when it is resumed") {
  World world;
  REQUIRE(world.await<void>([&](auto done) { world.store->pause("default", "", done); }));
  world.post("text");
  world.start();
  const int looked = world.store->calls("peek");
  REQUIRE(world.run_until([&] { return world.store->calls("peek") >= looked + 5; }));
  CHECK(world.store->calls("claim") == 0);
  CHECK(world.seen.ended.empty());
  REQUIRE(world.await<void>([&](auto done) { world.store->resume("default", "", done); }));
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Done});
}

TEST_CASE("a provider that throws fails the job and not the worker") {
  World world;
  world.provider.before = [](int call) {
    if (call == 1) throw std::runtime_error("a library's surprise");
  };
  world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(2));
  CHECK(world.seen.results() == Results{AttemptResult::Retried, AttemptResult::Done});
  CHECK(world.seen.ended[0].detail == "embed: a library's surprise");
}

TEST_CASE("a provider that answers too few vectors fails the job") {
  World world;
  world.provider.instead = [](int call, auto) -> std::optional<Result<Vectors>> {
    if (call == 1) return Result<Vectors>(Vectors{});
    return std::nullopt;
  };
  world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(2));
  CHECK(world.seen.results() == Results{AttemptResult::Retried, AttemptResult::Done});
  CHECK(world.seen.bad_batches == 1);
}

TEST_CASE("a job whose payload names no document is dead at once") {
  World world;
  world.store->on_claimed = [](std::vector<store::Job>& jobs) {
    for (store::Job& job : jobs)
      job.payload = "{\"document_id\": 7}";
  };
  world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Dead});
  CHECK(world.provider.calls == 0);
}

TEST_CASE("a job whose document is gone when it is loaded is done") {
  World world;
  world.store->on_claimed = [](std::vector<store::Job>& jobs) {
    for (store::Job& job : jobs)
      job.payload = "{\"document_id\": \"never-was\"}";
  };
  const auto created = world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Done});
  CHECK(world.seen.ended[0].detail == "the document was deleted");
  CHECK(world.job(created).state == store::JobState::Done);
}

TEST_CASE("a document deleted while it is embedded leaves no chunks and no running job") {
  World world;
  world.provider.before = [&](int) { world.gate.pass(); };
  const auto created = world.post("text about anchors");
  world.start();
  REQUIRE(world.run_until([&] { return world.gate.arrived(); }));
  REQUIRE(world.await<void>(
      [&](auto done) { world.store->delete_document(created.document_id, {}, std::move(done)); }));
  world.gate.open();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.stats().running == 0);
  store::SearchQuery query;
  query.text = "anchors";
  query.vector.assign(16, 0.25F);
  CHECK(world.store->search(query).value().empty());
}

TEST_CASE("a cancelled job stops at its next batch and ends cancelled") {
  World world;
  world.options.limits.lease = 60ms;
  // Each batch lasts until the worker has heard from the queue once more.
  world.provider.before = [&](int) {
    const int heard = world.store->calls("heartbeat");
    wait_until([&] { return world.store->calls("heartbeat") >= heard + 2; });
  };
  const auto created = world.post(text_of_batches(40));
  world.start();
  REQUIRE(world.run_until([&] { return world.provider.calls >= 1; }));
  REQUIRE(world.await<void>(
      [&](auto done) { world.store->delete_document(created.document_id, {}, std::move(done)); }));
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Cancelled});
  CHECK(world.provider.calls < 40);
}

TEST_CASE("a job past its deadline stops at its next batch and is retried") {
  World world;
  world.options.limits.lease = 60ms;
  int claims = 0;
  world.store->on_claim = [&](store::ClaimRequest& request) {
    if (++claims == 1) request.timeout = 1ms;
  };
  world.provider.before = [&](int call) {
    if (call > 1) return;
    const int heard = world.store->calls("heartbeat");
    wait_until([&] { return world.store->calls("heartbeat") >= heard + 2; });
  };
  world.post(text_of_batches(1000));
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.ended[0].result == AttemptResult::Retried);
  CHECK(world.seen.ended[0].detail.find("deadline") != std::string::npos);
}

TEST_CASE("a store that is busy when the result comes gets it later, at no cost of an attempt") {
  World world;
  world.store->fail_next("complete_embedding", ErrorKind::Unavailable);
  const auto created = world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Done});
  CHECK(has(world.seen.troubles, "store the result"));
  CHECK(world.job(created).attempt == 1);
}

TEST_CASE("a result that the store cannot take fails the job") {
  World world;
  world.store->fail_next("complete_embedding", ErrorKind::DataLoss);
  world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(2));
  CHECK(world.seen.results() == Results{AttemptResult::Retried, AttemptResult::Done});
}

TEST_CASE("a store that fails for a while charges no job: each step is tried again") {
  for (const std::string step : {"peek", "claim", "get_document"}) {
    CAPTURE(step);
    World world;
    // As often as a job may fail at all.
    for (int i = 0; i < 3; ++i)
      world.store->fail_next(step, ErrorKind::Unavailable);
    const auto created = world.post("text");
    world.start();
    REQUIRE(world.run_until_ended(1));
    CHECK(world.seen.results() == Results{AttemptResult::Done});
    CHECK(world.job(created).attempt == 1);
  }
}

TEST_CASE("a failure that cannot be recorded now is recorded later") {
  World world;
  world.store->fail_next("fail_job", ErrorKind::Unavailable);
  world.provider.instead = always(ErrorKind::InvalidArgument);
  const auto created = world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Dead});
  CHECK(has(world.seen.troubles, "fail"));
  CHECK(world.job(created).state == store::JobState::Dead);
}

TEST_CASE("a deletion that cannot be recorded now is recorded later") {
  World world;
  world.store->on_claimed = [](std::vector<store::Job>& jobs) {
    for (store::Job& job : jobs)
      job.payload = "{\"document_id\": \"never-was\"}";
  };
  world.store->fail_next("complete", ErrorKind::ResourceExhausted);
  world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Done});
  CHECK(has(world.seen.troubles, "complete"));
}

TEST_CASE(
    "only a claim that is lost makes the end of a job stale: what else fails is tried again") {
  struct Ending {
    std::string step;
    AttemptResult result;
  };
  for (const Ending& ending :
       {Ending{"complete_embedding", AttemptResult::Done}, Ending{"complete", AttemptResult::Done},
        Ending{"fail_job", AttemptResult::Dead}}) {
    for (const ErrorKind kind :
         {ErrorKind::Unavailable, ErrorKind::ResourceExhausted, ErrorKind::DeadlineExceeded,
          ErrorKind::PermissionDenied, ErrorKind::DataLoss, ErrorKind::Internal,
          ErrorKind::InvalidArgument}) {
      CAPTURE(ending.step, to_string(kind));
      World world;
      world.store->fail_next(ending.step, kind);
      if (ending.step == "complete") {
        world.store->on_claimed = [](std::vector<store::Job>& jobs) {
          for (store::Job& job : jobs)
            job.payload = "{\"document_id\": \"never-was\"}";
        };
      }
      if (ending.step == "fail_job") world.provider.instead = always(ErrorKind::InvalidArgument);
      const auto created = world.post("text");
      world.start();
      REQUIRE(world.run_until([&] {
        return !world.seen.ended.empty() &&
               world.seen.ended.back().result != AttemptResult::Retried;
      }));
      CHECK(world.seen.ended.back().result == ending.result);
      CHECK(world.job(created).state != store::JobState::Running);
    }
  }
}

TEST_CASE("a server that turns the role away for a while costs a job nothing") {
  for (const std::string step : {"get_document", "complete_embedding"}) {
    CAPTURE(step);
    World world;
    for (int i = 0; i < 3; ++i)
      world.store->fail_next(step, ErrorKind::PermissionDenied);
    const auto created = world.post("text");
    world.start();
    REQUIRE(world.run_until_ended(1));
    CHECK(world.seen.results() == Results{AttemptResult::Done});
    CHECK(world.job(created).attempt == 1);
  }
}

TEST_CASE("a job whose end is refused for a whole lease, while the lease is renewed, is rescued") {
  World world;
  world.options.limits.lease = 60ms;
  // More often than the worker asks within this test.
  for (int i = 0; i < 1000; ++i)
    world.store->fail_next("fail_job", ErrorKind::Internal);
  world.provider.instead = [](int call, auto) -> std::optional<Result<Vectors>> {
    if (call == 1) return Result<Vectors>(fail(ErrorKind::InvalidArgument, "no luck"));
    return std::nullopt;
  };
  const auto created = world.post("text");
  world.start();
  REQUIRE(world.run_until([&] { return world.stats().done == 1; }));
  CHECK(world.seen.workers.size() == 2);
  CHECK(world.job(created).crashes == 1);
  REQUIRE(world.run_until_ended(2));  // in either order
  const Results results = world.seen.results();
  CHECK(std::count(results.begin(), results.end(), AttemptResult::Stale) == 1);
}

TEST_CASE("a worker that cannot register at the start says why") {
  World world;
  world.store->fail_next("register", ErrorKind::Unavailable);
  auto doorbell = protocol::DoorbellListener::open(world.io, std::nullopt);
  world.loop = JobLoop::create({world.io, *world.store, world.provider, world.seen, world.clock_},
                               world.options, std::move(*doorbell), {});
  const auto started = world.loop->start();
  REQUIRE_FALSE(started);
  CHECK(started.error().kind == ErrorKind::Unavailable);
}
