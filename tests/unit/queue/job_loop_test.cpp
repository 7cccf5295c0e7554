// SPDX-License-Identifier: Apache-2.0
// The way of a job that goes well, and how the loop notices that there is one.

#include "tests/unit/queue/world.hpp"

using namespace holdfast;
using namespace holdfast::queue;
using namespace holdfast::test;

using Results = std::vector<AttemptResult>;

TEST_CASE("a posted document becomes ready, and its chunks can be found") {
  World world;
  world.options.chunking = {32, 0};
  const auto created = world.post("The anchor holds fast. The sails are torn to pieces.", "req-1");
  world.start();
  REQUIRE(world.run_until_ended(1));

  CHECK(world.document(created).status == store::DocumentStatus::Ready);
  CHECK(world.document(created).chunk_count == 2);
  CHECK(world.job(created).state == store::JobState::Done);
  embedding::HashingProvider hashing(16);
  const std::array<std::string_view, 1> text{"anchor holds"};
  const auto vectors = hashing.embed(text, {}).value();
  store::SearchQuery query;
  query.text = "anchor";
  query.vector = vectors[0];
  const auto hits = world.store->search(query).value();
  REQUIRE(hits.size() == 1);
  CHECK(hits[0].text == "The anchor holds fast. ");
}

TEST_CASE("what is reported about a job names its request, document and attempt") {
  World world;
  const auto created = world.post("text", "req-42");
  world.start();
  REQUIRE(world.run_until_ended(1));
  const auto& ended = world.seen.ended[0];
  CHECK(ended.result == AttemptResult::Done);
  CHECK(ended.job.request_id == "req-42");
  CHECK(ended.job.document_id == created.document_id);
  CHECK(ended.job.job_id == created.job_id);
  CHECK(ended.job.attempt == 1);
  CHECK(ended.detail == "1 chunks");
  CHECK(world.seen.waits.size() == 1);
  CHECK(world.seen.good_batches == 1);
}

TEST_CASE("an empty document becomes ready without chunks") {
  World world;
  const auto created = world.post("");
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.document(created).status == store::DocumentStatus::Ready);
  CHECK(world.provider.calls == 0);
}

TEST_CASE("a long document goes to the provider in batches") {
  World world;
  const auto created = world.post(text_of_batches(3));
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.good_batches >= 3);
  CHECK(world.document(created).chunk_count > 2 * static_cast<std::int64_t>(kBatch));
}

TEST_CASE("a wave of short jobs that is full is followed by the next without a look") {
  World world;
  world.jobs_are_short();
  world.options.limits.batch = 4;
  for (int i = 0; i < 60; ++i)
    world.post("document number " + std::to_string(i));
  world.start();
  REQUIRE(world.run_until_ended(60));
  CHECK(world.store->calls("peek") < world.store->calls("claim"));
  CHECK(world.seen.results() == Results(60, AttemptResult::Done));
}

TEST_CASE("a job that is worked on alone is followed by a look, not by a claim in vain") {
  World world;
  world.options.limits.batch = 1;
  world.post("one document");
  world.start();
  REQUIRE(world.run_until_ended(1));
  REQUIRE(world.run_until([&] { return world.store->calls("peek") >= 2; }));
  CHECK(world.store->calls("claim") == 1);
}

TEST_CASE("many jobs on several threads are each done once") {
  World world;
  world.options.limits.concurrency = 3;
  for (int i = 0; i < 60; ++i)
    world.post("document number " + std::to_string(i));
  world.start();
  REQUIRE(world.run_until_ended(60));
  CHECK(world.seen.results() == Results(60, AttemptResult::Done));
  CHECK(world.stats().done == 60);
  CHECK(world.loop->held() == 0);
}

TEST_CASE("short jobs are claimed ahead, so that claims are fewer than jobs") {
  World world;
  world.jobs_are_short();
  for (int i = 0; i < 64; ++i)
    world.post("short");
  world.provider.instead = [](int, std::span<const std::string_view> texts) {
    return std::optional<Result<Vectors>>(Vectors(texts.size(), std::vector<float>(16, 0.25F)));
  };
  world.start();
  REQUIRE(world.run_until_ended(64));
  CHECK(world.store->calls("claim") < 64);
}

TEST_CASE("a job posted later is found by the poll where there is no doorbell") {
  World world;
  world.start();
  REQUIRE(world.run_until([&] { return world.store->calls("peek") >= 3; }));
  world.post("late");
  CHECK(world.run_until_ended(1));
}

TEST_CASE("the doorbell wakes a worker long before its poll") {
  World world;
  world.options.limits.poll = 1h;
  const Fd bell(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  world.start(Fd(::fcntl(bell.get(), F_DUPFD_CLOEXEC, 0)));
  for (std::size_t i = 1; i <= 3; ++i) {
    world.post("rung for");
    ::eventfd_write(bell.get(), 1);
    REQUIRE(world.run_until_ended(i));
  }
}

TEST_CASE("a worker that is full leaves the bell ringing for the others") {
  World world;
  world.options.limits.poll = 1h;
  world.provider.before = [&](int) { world.gate.pass(); };
  const Fd bell(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  world.post("first");
  world.post("second");
  world.start(Fd(::fcntl(bell.get(), F_DUPFD_CLOEXEC, 0)));
  REQUIRE(world.run_until([&] { return world.gate.arrived(); }));
  eventfd_t rings = 0;
  CHECK(::eventfd_read(bell.get(), &rings) == 0);  // somebody else could hear it
  world.gate.open();
  CHECK(world.run_until_ended(2));
}

TEST_CASE("a retry is picked up when it is due, without a bell or a poll") {
  World world;
  world.options.limits.poll = 1h;
  world.provider.instead = [](int call, auto) -> std::optional<Result<Vectors>> {
    if (call == 1) return Result<Vectors>(fail(ErrorKind::Unavailable, "not now"));
    return std::nullopt;
  };
  world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(2));
  CHECK(world.seen.results() == Results{AttemptResult::Retried, AttemptResult::Done});
}

TEST_CASE("an idle worker reads, and writes nothing") {
  World world;
  world.options.limits.lease = 30ms;  // many leases lapse meanwhile
  world.start();
  REQUIRE(world.run_until([&] { return world.store->calls("peek") >= 2; }));
  const int writes = world.store->writes();
  const int looks = world.store->calls("peek");
  REQUIRE(world.run_until([&] { return world.store->calls("peek") >= looks + 30; }));
  CHECK(world.store->writes() == writes);
}

TEST_CASE("a loop that is destroyed while a job runs leaves the job to be rescued") {
  World world;
  world.provider.before = [&](int) { world.gate.pass(); };
  const auto created = world.post(text_of_batches(2));
  world.start();
  REQUIRE(world.run_until([&] { return world.gate.arrived(); }));
  world.stop();
  CHECK(world.seen.ended.empty());
  CHECK(world.job(created).state == store::JobState::Running);
}
