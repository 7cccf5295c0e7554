// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/notify.hpp"

#include "common/os/exit_codes.hpp"
#include "common/protocol/variables.hpp"
#include "supervisor/cli/admin_client.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

namespace holdfast::supervisor::cli {

namespace {

constexpr std::chrono::seconds kReadWithin{5};

bool is_assignment(const std::string& text) {
  const std::size_t equals = text.find('=');
  return equals != 0 && equals != std::string::npos && text.find('\n') == std::string::npos;
}

// The script that calls us is the worker, not this short-lived process. Only root may say so; for
// others it is the supervisor that decides by notify_access.
Result<void> send(const notify::Notifier& notifier, const std::string& state) {
  const auto sent = notifier.send_as(::getppid(), state);
  if (sent || sent.error().os_error != EPERM) return sent;
  return notifier.send(state);
}

}  // namespace

int run_notify(const std::vector<std::string>& assignments, const notify::Environ& environ) {
  const auto wrong = std::find_if_not(assignments.begin(), assignments.end(), is_assignment);
  if (wrong != assignments.end()) {
    complain(fmt::format("'{}' is not KEY=VALUE, such as READY=1 or STATUS=warming up", *wrong));
    return exit_code::kUsage;
  }
  const auto notifier = notify::Notifier::from_environment(environ, ::getpid());
  if (!notifier) {
    complain(notifier.error().message);
    return exit_code::kFailed;
  }
  if (!notifier->active()) {
    complain(
        fmt::format("{} is not set: not run by a supervisor, or the program's ready is not "
                    "\"notify\"",
                    protocol::kNotifySocket));
    return exit_code::kFailed;
  }
  Result<void> done = send(*notifier, fmt::format("{}", fmt::join(assignments, "\n")));
  if (done) done = notifier->wait_until_read(kReadWithin);
  if (done) return exit_code::kOk;
  complain(done.error().message);
  return exit_code::kFailed;
}

}  // namespace holdfast::supervisor::cli
