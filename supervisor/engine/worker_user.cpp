// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/worker_user.hpp"

#include "common/os/fd.hpp"
#include "supervisor/process/rehearsal.hpp"
#include "supervisor/process/resolve.hpp"
#include "supervisor/process/user.hpp"
#include "supervisor/state/health.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <tuple>
#include <vector>

namespace holdfast::supervisor {

namespace {

constexpr const char* kAuto = "auto";
constexpr const char* kRoot = "root";
constexpr const char* kAccount = "holdfast";
constexpr const char* kDatabase = "holdfast.db";

std::vector<config::Program*> without_user(config::Config& config) {
  std::vector<config::Program*> result;
  for (config::Program& program : config.programs) {
    if (is_own_worker(program) && program.user.empty() && program.group.empty())
      result.push_back(&program);
  }
  return result;
}

// Why the account cannot run the program; empty: it can.
std::string obstacle(const process::User& user, const config::Program& program) {
  process::LaunchSpec spec;
  const auto executable =
      process::resolve_executable(program.command.front(), process::own_directory(), "");
  if (!executable) return {};  // reported with the program
  spec.executable = *executable;
  spec.directory = program.directory.native();
  spec.identity = user.identity;
  const auto failures = process::rehearse(spec);
  if (failures && failures->empty()) return {};
  return fmt::format("it cannot execute '{}'", spec.executable);
}

std::string as_root(const std::string& why) {
  return fmt::format(
      "[supervisor] worker_user: the workers run as root, {}; name an account, or \"root\" if that "
      "is what you want",
      why);
}

}  // namespace

WorkerUser assign_worker_user(config::Config& config) {
  const std::string& wanted = config.supervisor.worker_user;
  const std::vector<config::Program*> workers = without_user(config);
  if (::geteuid() != 0) {
    if (wanted == kAuto) return {};
    return {{},
            fmt::format("[supervisor] worker_user: '{}' has no effect: only a supervisor that is "
                        "root can start workers as another user",
                        wanted)};
  }
  if (workers.empty() || wanted == kRoot) return {};
  const std::string name = wanted == kAuto ? kAccount : wanted;
  if (wanted == kAuto && config.store.url.starts_with("sqlite")) {
    return {{}, as_root("for the database that [store] url names may be root's")};
  }
  if (wanted == kAuto) {
    const auto user = process::look_up_user(name, "");
    if (!user) return {{}, as_root(fmt::format("for there is no account '{}'", name))};
    for (const config::Program* worker : workers) {
      const std::string why = obstacle(*user, *worker);
      if (!why.empty()) return {{}, as_root(fmt::format("for '{}' is no use: {}", name, why))};
    }
  }
  for (config::Program* worker : workers)
    worker->user = name;
  return {name, {}};
}

Result<void> give_state(const std::filesystem::path& state_dir, bool made,
                        const std::string& user) {
  HOLDFAST_TRY_ASSIGN(const process::User account, process::look_up_user(user, ""));
  const auto failed = [&] {
    return fail_errno(errno, fmt::format("give state_dir '{}' to '{}'", state_dir.native(), user));
  };
  Fd directory(::open(state_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (!directory || ::fstat(directory.get(), &info) != 0) return failed();
  const int fd = directory.get();
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd),
                                                    [](DIR* open) { return ::closedir(open); });
  if (!entries) return failed();
  std::ignore = directory.release();
  std::vector<std::string> files;
  bool has_database = false;
  while (const dirent* const entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    has_database = has_database || name == kDatabase;
    files.push_back(name);
  }
  if (info.st_uid != 0 || (!made && !files.empty() && !has_database)) return {};
  for (const std::string& file : files) {
    struct stat one {};
    const bool ours = ::fstatat(fd, file.c_str(), &one, AT_SYMLINK_NOFOLLOW) == 0 &&
                      S_ISREG(one.st_mode) && one.st_uid == 0 && one.st_nlink == 1;
    if (ours && ::fchownat(fd, file.c_str(), account.identity.uid, account.identity.gid,
                           AT_SYMLINK_NOFOLLOW) != 0) {
      return failed();
    }
  }
  if (::fchown(fd, account.identity.uid, account.identity.gid) != 0) return failed();
  return {};
}

}  // namespace holdfast::supervisor
