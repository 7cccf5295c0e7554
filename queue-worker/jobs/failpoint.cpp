// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/failpoint.hpp"

#include "common/protocol/variables.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace holdfast::queue {

namespace {

constexpr std::array kNames{
    std::pair{std::string_view("after_claim"), CrashAt::AfterClaim},
    std::pair{std::string_view("after_start"), CrashAt::AfterStart},
    std::pair{std::string_view("before_commit"), CrashAt::BeforeCommit},
    std::pair{std::string_view("after_commit"), CrashAt::AfterCommit},
};

}  // namespace

Result<Failpoint> Failpoint::parse(std::string_view name) {
  if (name.empty()) return Failpoint();
  for (const auto& [known, place] : kNames) {
    if (known == name) return Failpoint(place);
  }
  return fail(ErrorKind::InvalidArgument,
              fmt::format("HOLDFAST_CRASH_AT={} is not known; choose after_claim, after_start, "
                          "before_commit or after_commit",
                          name));
}

Result<Failpoint> Failpoint::from_environment() {
  const char* name = std::getenv(protocol::kCrashAt);
  return parse(name == nullptr ? "" : name);
}

void Failpoint::hit(CrashAt place) const {
  if (armed_ != place) return;
  ::kill(::getpid(), SIGKILL);
  // The signal is delivered before kill returns only to a single-threaded process.
  for (;;)
    ::pause();
}

}  // namespace holdfast::queue
