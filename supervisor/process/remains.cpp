// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/remains.hpp"

#include "common/os/fd.hpp"
#include "common/os/file.hpp"
#include "common/os/proc.hpp"
#include "common/text/number.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace holdfast::supervisor::process {

namespace {

constexpr int kLooksAtExec = 50;
constexpr int kLookIntervalMs = 1;

// An orphan in the middle of execve() has no environment for a moment: it is looked at again. What
// executes itself all the time may be there at each second look, so each look is one reading.
bool carries(pid_t pid, const std::vector<std::string>& identity, bool orphan) {
  if (identity.empty()) return false;
  auto seen = has_environment(pid, identity);
  for (int look = 1; !seen && orphan && look < kLooksAtExec; ++look) {
    ::poll(nullptr, 0, kLookIntervalMs);
    seen = has_environment(pid, identity);
  }
  return seen.value_or(false);
}

}  // namespace

std::vector<Remain> find_remains(const RemainsQuery& query) {
  const pid_t self = ::getpid();
  std::vector<Remain> found;
  for (const pid_t pid : list_processes()) {
    if (pid == self || pid == query.group) continue;
    const auto stat = read_process_stat(pid);
    if (!stat || stat->dead()) continue;
    const bool in_group =
        stat->group == query.group && (query.group_is_held || stat->parent == self);
    const bool member =
        std::find(query.members.begin(), query.members.end(), pid) != query.members.end();
    const bool orphan = stat->parent == self;
    if (!in_group && !member && !carries(pid, query.identity, orphan)) continue;
    found.push_back({pid, static_cast<std::int64_t>(stat->start_ticks), stat->name});
  }
  return found;
}

bool is_alive(const Remain& remain) {
  return process_alive(remain.pid, remain.started);
}

void send_signal(const Remain& remain, int signal) {
  // The descriptor refers to one process for good, so it is compared after it was opened.
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, remain.pid, 0)));
  if (!pidfd || !is_alive(remain)) return;
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
}

std::optional<std::vector<pid_t>> list_children() {
  const auto text = read_file(fmt::format("/proc/self/task/{}/children", ::syscall(SYS_gettid)));
  if (!text) return std::nullopt;
  std::vector<pid_t> children;
  std::string_view rest = *text;
  while (const auto pid = text::take_number<pid_t>(rest)) {
    children.push_back(*pid);
    if (!rest.empty()) rest.remove_prefix(1);
  }
  return children;
}

}  // namespace holdfast::supervisor::process
