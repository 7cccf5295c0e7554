// SPDX-License-Identifier: Apache-2.0
#include "tests/support/catch.hpp"
#include "tests/support/failpoints.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr FaultStep kSteps[] = {
    FaultStep::ClaimWritten, FaultStep::Claimed,   FaultStep::Working,        FaultStep::Computed,
    FaultStep::Staged,       FaultStep::Fenced,    FaultStep::EffectsWritten, FaultStep::Stored,
    FaultStep::Committing,   FaultStep::Committed, FaultStep::Checkpointing,  FaultStep::Renewed,
    FaultStep::Rescuing,     FaultStep::Released,  FaultStep::Replacing};

// How a child ends that passes `step` with `armed`: its exit status as waitpid gives it.
int status_of_child(FaultStep armed, FaultStep step) {
  const pid_t child = ::fork();  // not executed: it runs code of this program
  if (child == 0) {
    arm_failpoint(armed);
    failpoint(step);
    ::_exit(7);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("an armed failpoint kills at its step and nowhere else") {
  for (const FaultStep armed : kSteps) {
    for (const FaultStep step : kSteps) {
      CAPTURE(name_of(armed), name_of(step));
      const int status = status_of_child(armed, step);
      if (step == armed) {
        CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
      } else {
        CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 7));
      }
    }
  }
}
