// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/runtime_dir.hpp"

#include "common/net/listen.hpp"
#include "common/os/file.hpp"
#include "common/os/file_id.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace holdfast::supervisor::sockets {

namespace fs = std::filesystem;

namespace {

constexpr const char* kLockFile = "lock";
constexpr mode_t kPrivate = 0750;
constexpr std::uint32_t kEndpointBacklog = 128;

Result<void> make_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), kPrivate) != 0 && errno != EEXIST) {
    return fail_errno(errno, fmt::format("create the directory '{}'", path.native()));
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return fail_errno(errno, fmt::format("stat '{}'", path.native()));
  }
  if (!S_ISDIR(info.st_mode)) {
    return fail(ErrorKind::Conflict, fmt::format("'{}' is not a directory", path.native()));
  }
  if (info.st_uid != ::geteuid() || (info.st_mode & 022) != 0) {
    return fail(
        ErrorKind::PermissionDenied,
        fmt::format("'{}' belongs to user {} and has mode {:o}: the runtime directory must belong "
                    "to the supervisor's user and be writable by nobody else",
                    path.native(), info.st_uid, info.st_mode & 07777));
  }
  return {};
}

void remove_sockets(const fs::path& directory) {
  std::error_code ignored;
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    const bool ours = entry.path().extension() == ".sock" || entry.path().extension() == ".new";
    if (ours && (entry.is_symlink(ignored) || entry.is_socket(ignored))) {
      stale.push_back(entry.path());
    }
  }
  for (const fs::path& path : stale)
    fs::remove(path, ignored);
}

Result<Fd> lock_directory(const fs::path& path) {
  const fs::path file = path / kLockFile;
  Fd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!lock) return fail_errno(errno, fmt::format("open '{}'", file.native()));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno(errno, fmt::format("lock '{}'", file.native()));
    std::string pid = read_file(file, 64).value_or("");
    while (pid.ends_with('\n'))
      pid.pop_back();
    return fail(ErrorKind::Conflict, fmt::format("another supervisor (pid {}) already runs in '{}'",
                                                 pid.empty() ? "unknown" : pid, path.native()));
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.get(), 0) != 0 ||
      ::pwrite(lock.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail_errno(errno, fmt::format("write '{}'", file.native()));
  }
  return lock;
}

}  // namespace

Result<RuntimeDir> RuntimeDir::open(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);  // a failure is reported by the next step
  HOLDFAST_TRY_ASSIGN(PathClaim claim, PathClaim::take(path));
  HOLDFAST_TRY(make_directory(path));
  HOLDFAST_TRY_ASSIGN(Fd lock, lock_directory(path));
  HOLDFAST_TRY(make_directory(path / "workers"));
  remove_sockets(path);
  remove_sockets(path / "workers");
  return RuntimeDir(path, std::move(claim), std::move(lock));
}

RuntimeDir::RuntimeDir(fs::path path, PathClaim claim, Fd lock)
    : path_(std::move(path)), claim_(std::move(claim)), lock_(std::move(lock)) {}

RuntimeDir::~RuntimeDir() {
  if (!lock_) return;  // moved from
  // What is there now may be another supervisor's.
  if (file_id(path_ / kLockFile) != file_id(lock_.get())) return;
  remove_sockets(path_);
  remove_sockets(workers());
  std::error_code ignored;
  fs::remove(workers(), ignored);
}

bool RuntimeDir::intact() const {
  const auto lock = file_id(path_ / kLockFile);
  return lock && lock == file_id(lock_.get()) && file_id(workers());
}

Result<void> RuntimeDir::restore() {
  std::error_code error;
  fs::create_directories(path_.parent_path(), error);  // a failure is reported by the next step
  if (!claim_.covers(path_)) {
    HOLDFAST_TRY_ASSIGN(PathClaim claim, PathClaim::take(path_));
    claim_ = std::move(claim);
  }
  HOLDFAST_TRY(make_directory(path_));
  if (file_id(path_ / kLockFile) != file_id(lock_.get())) {
    HOLDFAST_TRY_ASSIGN(Fd lock, lock_directory(path_));
    lock_ = std::move(lock);
  }
  HOLDFAST_TRY(make_directory(workers()));
  return others_pass_ ? let_others_pass() : Result<void>();
}

Result<Fd> RuntimeDir::listen_status() const {
  return net::listen_unix_socket(status_socket(), 0666, kEndpointBacklog);
}

Result<Fd> RuntimeDir::listen_admin() const {
  return net::listen_unix_socket(admin_socket(), 0660, kEndpointBacklog);
}

Result<void> RuntimeDir::let_others_pass() {
  others_pass_ = true;
  if (::chmod(path_.c_str(), kPrivate | 0001) != 0) {
    return fail_errno(errno, fmt::format("chmod '{}'", path_.native()));
  }
  return {};
}

}  // namespace holdfast::supervisor::sockets
