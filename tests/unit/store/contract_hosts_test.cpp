// SPDX-License-Identifier: Apache-2.0
// Two hosts on one database, each with a worker of the same name.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

TEST_CASE("a worker that starts leaves the worker of the same name on another host alone") {
  const auto environment = make_environment();
  const auto here = environment->open(on_host("here"));
  const auto there = environment->open(on_host("there"));
  REQUIRE(create(*here, "d1"));
  const auto theirs = worker(*there, "queue-worker.0");
  const auto jobs = claim(*there, theirs);

  worker(*here, "queue-worker.0", "signal 9 (SIGKILL)");

  REQUIRE(heartbeat(*there, theirs)->alive);
  REQUIRE(complete(*there, key_of(jobs[0])));
}

TEST_CASE("a rescue leaves the live workers of another host alone") {
  const auto environment = make_environment();
  const auto here = environment->open(on_host("here"));
  const auto there = environment->open(on_host("there"));
  REQUIRE(create(*here, "d1"));
  const auto theirs = worker(*there, "queue-worker.0", "", 30s);
  const auto jobs = claim(*there, theirs);
  environment->advance(29s);
  REQUIRE(rescue(*here) == 0);
  REQUIRE(heartbeat(*there, theirs, 30s)->alive);
  environment->advance(29s);
  REQUIRE(rescue(*here) == 0);
  REQUIRE(complete(*there, key_of(jobs[0])));
}

TEST_CASE("the jobs of a host that is gone are rescued when its workers' leases run out") {
  const auto environment = make_environment();
  const auto here = environment->open(on_host("here"));
  const auto there = environment->open(on_host("there"));
  const auto job_id = create(*here, "d1")->job_id;
  const auto theirs = worker(*there, "queue-worker.0", "", 30s);
  const auto jobs = claim(*there, theirs);
  environment->advance(31s);
  REQUIRE(rescue(*here) == 1);
  REQUIRE(here->get_job(job_id)->last_error == "lease expired");
  REQUIRE_FALSE(heartbeat(*there, theirs)->alive);
  REQUIRE(complete(*there, key_of(jobs[0])).error().kind == ErrorKind::Conflict);
}

TEST_CASE("a host that was restarted gets its own jobs back at once, and only those") {
  const auto environment = make_environment();
  const auto there = environment->open(on_host("there"));
  OpenOptions restarted = on_host("here");
  const auto before = environment->open(restarted);
  const auto job_id = create(*before, "d1")->job_id;
  REQUIRE(create(*before, "d2"));
  const auto mine = claim(*before, worker(*before));
  const auto theirs = claim(*there, worker(*there));
  REQUIRE(theirs.size() == 1);

  restarted.host->boot = "the next boot";
  const auto after = environment->open(restarted);
  REQUIRE(rescue(*after) == 1);
  REQUIRE(after->get_job(job_id)->last_error == "the machine was restarted");
  REQUIRE(complete(*there, key_of(theirs[0])));
}

TEST_CASE("two hosts with workers of one name never get the same job") {
  const auto environment = make_environment();
  const auto here = environment->open(on_host("here"));
  const auto there = environment->open(on_host("there"));
  for (int i = 0; i < 4; ++i)
    REQUIRE(create(*here, "d" + std::to_string(i)));
  const auto mine = worker(*here);
  const auto theirs = worker(*there);
  REQUIRE(mine != theirs);
  const auto left = claim(*here, mine, 2);
  const auto right = claim(*there, theirs, 4);
  REQUIRE(left.size() == 2);
  REQUIRE(right.size() == 2);
  REQUIRE(left.back().id < right.front().id);
}
