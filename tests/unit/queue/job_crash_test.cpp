// SPDX-License-Identifier: Apache-2.0
// A worker process that is killed in each window of a job, and the one that replaces it.

#include "tests/support/failpoints.hpp"
#include "tests/unit/queue/world.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace holdfast;
using namespace holdfast::queue;
using namespace holdfast::test;

namespace {

// Runs a worker in a child process until it dies at `step`.
void die_at(const std::filesystem::path& directory, FaultStep step) {
  const pid_t child = ::fork();  // not executed: it runs code of this program
  if (child == 0) {
    World world(directory);
    arm_failpoint(step);
    world.start();
    world.run_until([] { return false; });
    ::_exit(7);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
}

struct Aftermath {
  store::Job job;
  store::Document document;
  std::size_t done_again = 0;
};

// What is left after a crash at `step` once a replacement has finished everything.
Aftermath crash_and_replace(FaultStep step) {
  const TempDir directory;
  // The store is closed before the fork: a child has no use for its parent's threads.
  const store::Created created = World(directory.path()).post("a text to embed");
  die_at(directory.path(), step);
  World world(directory.path());
  world.options.identity.predecessor = "signal 9 (SIGKILL)";
  world.options.identity.incarnation = 2;
  world.start();
  REQUIRE(world.run_until([&] {
    return world.job(created).state == store::JobState::Done && world.loop->held() == 0;
  }));
  return {world.job(created), world.document(created), world.seen.ended.size()};
}

}  // namespace

TEST_CASE("killed after the claim: done by the next worker, with a crash on the job's record") {
  const Aftermath left = crash_and_replace(FaultStep::Claimed);
  CHECK(left.job.crashes == 1);
  CHECK(left.job.last_error == "signal 9 (SIGKILL)");
  CHECK(left.job.fence == 2);
  CHECK(left.document.status == store::DocumentStatus::Ready);
}

TEST_CASE("killed before the commit: nothing was stored, and the work is done once more") {
  const Aftermath left = crash_and_replace(FaultStep::Computed);
  CHECK(left.job.crashes == 1);
  CHECK(left.job.fence == 2);
  CHECK(left.done_again == 1);
  CHECK(left.document.chunk_count == 1);
}

TEST_CASE("killed after the commit: the job is done, and nobody does it again") {
  const Aftermath left = crash_and_replace(FaultStep::Stored);
  CHECK(left.job.crashes == 0);
  CHECK(left.job.fence == 1);
  CHECK(left.done_again == 0);
  CHECK(left.document.status == store::DocumentStatus::Ready);
  CHECK(left.document.chunk_count == 1);
}

TEST_CASE("killed within a claim's transaction: it never happened") {
  const Aftermath left = crash_and_replace(FaultStep::ClaimWritten);
  CHECK(left.job.crashes == 0);
  CHECK(left.job.attempt == 1);
  CHECK(left.job.fence == 1);
  CHECK(left.document.status == store::DocumentStatus::Ready);
}

TEST_CASE("killed within a result's transaction: the claim is still there, and nothing of it") {
  for (const FaultStep step : {FaultStep::Fenced, FaultStep::EffectsWritten}) {
    CAPTURE(name_of(step));
    const Aftermath left = crash_and_replace(step);
    CHECK(left.job.crashes == 1);
    CHECK(left.job.fence == 2);
    CHECK(left.done_again == 1);
    CHECK(left.document.chunk_count == 1);
  }
}
