// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/failpoint.hpp"

#include "tests/support/catch.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace holdfast;
using namespace holdfast::queue;

namespace {

// How a child ends that passes `place` with `armed`: its exit status as waitpid gives it.
int status_of_child(const Failpoint& armed, CrashAt place) {
  const pid_t child = ::fork();  // not executed: it runs code of this program
  if (child == 0) {
    armed.hit(place);
    ::_exit(7);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("each named failpoint kills at its place and nowhere else") {
  const std::pair<const char*, CrashAt> all[] = {{"after_claim", CrashAt::AfterClaim},
                                                 {"after_start", CrashAt::AfterStart},
                                                 {"before_commit", CrashAt::BeforeCommit},
                                                 {"after_commit", CrashAt::AfterCommit}};
  for (const auto& [name, place] : all) {
    const auto failpoint = Failpoint::parse(name);
    REQUIRE(failpoint);
    for (const auto& [other, here] : all) {
      CAPTURE(name, other);
      const int status = status_of_child(*failpoint, here);
      if (here == place) {
        CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
      } else {
        CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 7));
      }
    }
  }
}

TEST_CASE("without a name nothing is armed") {
  const auto failpoint = Failpoint::parse("");
  REQUIRE(failpoint);
  const int status = status_of_child(*failpoint, CrashAt::AfterClaim);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 7));
}

TEST_CASE("an unknown failpoint is refused, naming the choices") {
  const auto failpoint = Failpoint::parse("after_lunch");
  REQUIRE_FALSE(failpoint);
  CHECK(failpoint.error().kind == ErrorKind::InvalidArgument);
  CHECK(failpoint.error().message.find("before_commit") != std::string::npos);
}
