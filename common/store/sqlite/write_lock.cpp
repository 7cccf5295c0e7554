// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/write_lock.hpp"

#include "common/os/file_id.hpp"
#include "common/os/plain_file.hpp"
#include "common/os/proc.hpp"
#include "common/store/sqlite/location.hpp"
#include "common/store/sqlite/range_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace holdfast::store::sqlite {

namespace {

constexpr off_t kTurnstile = 0;
constexpr off_t kUse = 1;

constexpr Duration kLockPatience = std::chrono::seconds(5);
constexpr Duration kLatePatience = std::chrono::milliseconds(500);

bool set_turnstile(int descriptor, short type, int command) {
  struct flock range = range_lock(kTurnstile, type);
  return ::fcntl(descriptor, command, &range) == 0;
}

// Of what the kernel says of all locks: "12: FLOCK  ADVISORY  WRITE 4711 fe:01:131 0 EOF". Nothing
// for a process of another container.
std::optional<pid_t> holder_of(ino_t inode) {
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream fields(line);
    std::string number;
    std::string kind;
    std::string advisory;
    std::string access;
    pid_t pid = 0;
    std::string file;
    // A line of one that waits has an arrow in the place of its kind.
    if (!(fields >> number >> kind >> advisory >> access >> pid >> file)) continue;
    if (kind != "FLOCK" || access != "WRITE" || pid <= 0) continue;
    if (file.ends_with(fmt::format(":{}", inode))) return pid;
  }
  return std::nullopt;
}

std::string describe_holder(int descriptor) {
  const auto id = file_id(descriptor);
  const auto pid = id ? holder_of(id->inode) : std::nullopt;
  if (!pid) return "a process that cannot be seen from here, in another container perhaps";
  const auto stat = read_process_stat(*pid);
  if (!stat) return fmt::format("process {}", *pid);
  const std::string name = fmt::format("process {} ({})", *pid, stat->name);
  if (stat->state != 'T' && stat->state != 't') return name;  // by a signal, by a debugger
  return fmt::format("{}, which is stopped: let it go on (kill -CONT {}) or end it", name, *pid);
}

}  // namespace

std::filesystem::path WriteLock::path_of(const std::filesystem::path& database) {
  std::filesystem::path path = real_path(database);
  path += ".writelock";
  return path;
}

Result<WriteLock> WriteLock::open(const std::filesystem::path& database) {
  std::filesystem::path path = path_of(database);
  auto file = open_plain_file(path, O_RDWR | O_CREAT, 0660);
  if (!file) return fail(file.error().with_context("the write lock"));
  return WriteLock(std::move(*file), std::move(path));
}

// False: there is none for us, and we wait for the lock itself, among others.
bool WriteLock::take_turn(const Alarm& alarm) {
  if (set_turnstile(file_.get(), F_WRLCK, F_OFD_SETLK)) return true;
  if (ignores_turns_) return false;
  while (!alarm.is_over()) {
    if (set_turnstile(file_.get(), F_WRLCK, F_OFD_SETLKW)) return true;
    if (errno != EINTR) return false;
  }
  return false;
}

Result<WriteLock::Guard> WriteLock::acquire() {
  TerminalStopDeferred deferred;
  const bool has_turn = set_turnstile(file_.get(), F_WRLCK, F_OFD_SETLK);
  int code = has_turn ? ::flock(file_.get(), LOCK_EX | LOCK_NB) : -1;
  int os_error = has_turn ? errno : EWOULDBLOCK;
  ignores_turns_ = ignores_turns_ && !has_turn;
  if (code != 0 && os_error == EWOULDBLOCK) {
    const Alarm alarm(was_late_ ? kLatePatience : kLockPatience);
    const bool turn = has_turn || take_turn(alarm);
    // Who could not have the turn looks once more at least: its owner may be stopped.
    do {
      code = ::flock(file_.get(), alarm.is_over() ? LOCK_EX | LOCK_NB : LOCK_EX);
      os_error = errno;
    } while (code != 0 && os_error == EINTR);
    if (code == 0) ignores_turns_ = !turn;
  }
  set_turnstile(file_.get(), F_UNLCK, F_OFD_SETLK);
  was_late_ = code != 0;
  if (code == 0) return Guard(file_.get(), std::move(deferred));
  if (os_error == EWOULDBLOCK) return fail(too_late());
  return fail_errno(os_error, fmt::format("take the lock '{}'", path_.native()));
}

Error WriteLock::too_late() const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kLockPatience).count();
  return {
      ErrorKind::Unavailable,
      fmt::format("the write lock '{}' has not been released for {} s or more, so nothing can be "
                  "written; it is held by {}",
                  path_.native(), seconds, describe_holder(file_.get())),
      0};
}

Result<void> WriteLock::show_use() {
  struct flock range = range_lock(kUse, F_RDLCK);
  if (::fcntl(file_.get(), F_OFD_SETLK, &range) == 0) return {};
  return fail_errno(errno, fmt::format("lock '{}'", path_.native()));
}

bool WriteLock::is_in_use(const std::filesystem::path& database) {
  const auto file = open_plain_file(path_of(database), O_RDONLY);
  struct flock range = range_lock(kUse, F_WRLCK);  // which nobody has; a shared one is in its way
  return file && ::fcntl(file->get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

WriteLock::Guard::~Guard() {
  if (descriptor_ >= 0) ::flock(descriptor_, LOCK_UN);
}

}  // namespace holdfast::store::sqlite
