// SPDX-License-Identifier: Apache-2.0
// A provider on a network that goes down, and documents that are embedded again after a change of
// it.

#include "tests/unit/queue/world.hpp"

#include <algorithm>

using namespace holdfast;
using namespace holdfast::queue;
using namespace holdfast::test;

using Results = std::vector<AttemptResult>;

namespace {

// From its first call on the provider is down, until it is probed for the third time.
void let_it_fail_once(World& world) {
  world.provider.remote = true;
  world.provider.instead = [&world](int call, auto) -> std::optional<Result<Vectors>> {
    if (call > 1) return std::nullopt;
    world.provider.down = true;
    return fail(ErrorKind::Unavailable, "the provider takes no texts now");
  };
}

store::OpenOptions with_space(const std::string& space) {
  store::OpenOptions options;
  options.vector_space = space;
  return options;
}

}  // namespace

TEST_CASE("while the provider is down jobs are put off with their attempts, and none is claimed") {
  World world;
  world.options.limits.batch = 1;
  let_it_fail_once(world);
  const auto first = world.post("text");
  const auto second = world.post("text");
  int claims_while_down = 0;
  world.store->on_claim = [&](store::ClaimRequest&) { claims_while_down += world.provider.down; };
  world.start();
  REQUIRE(world.run_until_ended(3));
  CHECK(world.seen.results() ==
        Results{AttemptResult::Postponed, AttemptResult::Done, AttemptResult::Done});
  CHECK(world.seen.ended[0].detail == "embed: the provider takes no texts now");
  CHECK(claims_while_down == 0);
  CHECK(world.provider.probes == 3);
  // As if there had been no outage.
  CHECK(world.job(first).attempt == 1);
  CHECK(world.job(second).attempt == 1);
  CHECK(world.document(first).status == store::DocumentStatus::Ready);
}

TEST_CASE("an outage may last longer than a job has attempts") {
  World world;
  world.provider.remote = true;
  world.provider.instead = [](int call, auto) -> std::optional<Result<Vectors>> {
    if (call > 10) return std::nullopt;
    return fail(ErrorKind::Unavailable, "no");
  };
  const auto created = world.post("text");
  world.start();
  REQUIRE(world.run_until([&] { return world.stats().done == 1; }));
  CHECK(world.job(created).attempt == 1);
  const auto results = world.seen.results();
  CHECK(std::count(results.begin(), results.end(), AttemptResult::Dead) == 0);
}

TEST_CASE("a drain does not wait for a provider that is down") {
  World world;
  let_it_fail_once(world);
  world.provider.up_at_probe = 0;  // never
  const auto created = world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(1));
  bool drained = false;
  world.loop->drain([&] { drained = true; });
  REQUIRE(world.run_until([&] { return drained; }));
  CHECK(world.job(created).attempt == 0);
}

TEST_CASE("documents whose vectors are of another space are embedded again, after all else") {
  World world;
  const auto created = world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.stats().outdated_documents == 0);
  world.stop();

  // The same queue, with another model.
  World changed(world.own_->path(), with_space("scripted/other"));
  CHECK(changed.stats().outdated_documents == 1);
  changed.options.limits.lease = 200ms;
  changed.start();
  REQUIRE(changed.run_until_ended(1));
  CHECK(changed.seen.results() == Results{AttemptResult::Done});
  CHECK(changed.stats().outdated_documents == 0);
  const store::Document document = changed.document(created);
  CHECK(document.status == store::DocumentStatus::Ready);
  CHECK(document.job_id != created.job_id);
  CHECK(changed.store->get_job(document.job_id)->priority > 100);
  REQUIRE(changed.run_until([&] { return changed.seen.outdated.back() == 0; }));
  CHECK(changed.seen.outdated.front() == 1);
}
