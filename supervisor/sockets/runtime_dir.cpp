// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/runtime_dir.hpp"

#include "common/net/listen.hpp"
#include "common/os/file.hpp"
#include "common/os/file_id.hpp"
#include "common/text/ascii.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace holdfast::supervisor::sockets {

namespace fs = std::filesystem;

namespace {

constexpr const char* kLockFile = "lock";
constexpr const char* kWorkers = "workers";
constexpr const char* kNotify = "notify";
constexpr mode_t kPrivate = 0750;
constexpr std::uint32_t kEndpointBacklog = 1024;  // at most net.core.somaxconn

// Creates the directory `name` in `parent` if there is none, and opens it if it is ours alone.
Result<Fd> open_own_directory(int parent, const std::string& name, const fs::path& shown) {
  const bool made = ::mkdirat(parent, name.c_str(), kPrivate) == 0;
  if (!made && errno != EEXIST) {
    return fail_errno(errno, fmt::format("create the directory '{}'", shown.native()));
  }
  Fd directory(
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!directory && (errno == ENOTDIR || errno == ELOOP)) {
    return fail(ErrorKind::Conflict,
                fmt::format("'{}' is not a directory; links are not followed", shown.native()));
  }
  struct stat info {};
  if (!directory || ::fstat(directory.get(), &info) != 0) {
    return fail_errno(errno, fmt::format("open the directory '{}'", shown.native()));
  }
  if (info.st_uid != ::geteuid() || (info.st_mode & 022) != 0) {
    return fail(
        ErrorKind::PermissionDenied,
        fmt::format("'{}' belongs to user {} and has mode {:o}: the runtime directory must belong "
                    "to the supervisor's user and be writable by nobody else",
                    shown.native(), info.st_uid, info.st_mode & 07777));
  }
  if (made && ::fchmod(directory.get(), kPrivate) != 0) {  // what the umask took
    return fail_errno(errno, fmt::format("chmod '{}'", shown.native()));
  }
  return directory;
}

bool take_number(std::string_view& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) return false;
  if (!text::all_of(name.substr(dot + 1), text::is_digit)) return false;
  name = name.substr(0, dot);
  return true;
}

bool take_suffix(std::string_view& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return false;
  name.remove_suffix(suffix.size());
  return true;
}

bool is_endpoint(std::string_view name) {
  return name == protocol::kStatusSocketFile || name == "notify.sock" ||
         name == protocol::kAdminSocketFile;
}

// "api-worker.0.7.sock", and the link "api-worker.0.sock" to the newest.
bool is_worker_socket(std::string_view name) {
  take_suffix(name, ".new");
  return take_suffix(name, ".sock") && take_number(name);
}

// "api-worker.0.7"
bool is_notify_socket(std::string_view name) {
  return take_number(name) && take_number(name);
}

// The sockets and links in the directory whose names are ours.
void remove_own(const Fd& directory, bool (*is_ours)(std::string_view)) {
  Fd listed(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(listed ? ::fdopendir(listed.get()) : nullptr,
                                                    [](DIR* open) { return ::closedir(open); });
  if (!entries) return;
  std::ignore = listed.release();
  std::vector<std::string> stale;
  while (const dirent* const entry = ::readdir(entries.get())) {
    struct stat info {};
    if (!is_ours(entry->d_name) ||
        ::fstatat(directory.get(), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;
    }
    if (S_ISSOCK(info.st_mode) || S_ISLNK(info.st_mode)) stale.emplace_back(entry->d_name);
  }
  for (const std::string& name : stale)
    std::ignore = ::unlinkat(directory.get(), name.c_str(), 0);
}

Fd open_inner(const Fd& directory, const char* name) {
  return Fd(::openat(directory.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

Result<Fd> lock_directory(const Fd& directory, const fs::path& path) {
  const fs::path file = path / kLockFile;
  Fd lock(::openat(directory.get(), kLockFile, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
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

Result<RuntimeDir> RuntimeDir::open(const fs::path& given) {
  const fs::path path = given.has_filename() ? given : given.parent_path();  // "/run/holdfast/"
  std::error_code error;
  fs::create_directories(path.parent_path(), error);  // a failure is reported by the next step
  HOLDFAST_TRY_ASSIGN(PathClaim claim, PathClaim::take(path));
  RuntimeDir result(path, std::move(claim));
  HOLDFAST_TRY(result.make());
  result.remove_sockets();
  return result;
}

RuntimeDir::RuntimeDir(fs::path path, PathClaim claim)
    : path_(std::move(path)), claim_(std::move(claim)) {}

RuntimeDir::~RuntimeDir() {
  if (!lock_) return;  // moved from
  // What is there now may be another supervisor's.
  if (file_id(path_ / kLockFile) != file_id(lock_.get())) return;
  remove_sockets();
  // If somebody has left something there, it stays.
  std::ignore = ::unlinkat(directory_.get(), kWorkers, AT_REMOVEDIR);
  std::ignore = ::unlinkat(directory_.get(), kNotify, AT_REMOVEDIR);
}

// What is already there, and locked by us, stays as it is.
Result<void> RuntimeDir::make() {
  HOLDFAST_TRY_ASSIGN(Fd directory, open_own_directory(AT_FDCWD, path_.native(), path_));
  if (!lock_ || file_id(path_ / kLockFile) != file_id(lock_.get())) {
    HOLDFAST_TRY_ASSIGN(lock_, lock_directory(directory, path_));
  }
  HOLDFAST_TRY(open_own_directory(directory.get(), kWorkers, workers()));
  HOLDFAST_TRY(open_own_directory(directory.get(), kNotify, notify()));
  directory_ = std::move(directory);
  return {};
}

void RuntimeDir::remove_sockets() const {
  remove_own(directory_, is_endpoint);
  if (const Fd workers = open_inner(directory_, kWorkers)) remove_own(workers, is_worker_socket);
  if (const Fd notify = open_inner(directory_, kNotify)) remove_own(notify, is_notify_socket);
}

bool RuntimeDir::intact() const {
  const auto lock = file_id(path_ / kLockFile);
  return lock && lock == file_id(lock_.get()) && file_id(workers()) && file_id(notify());
}

Result<void> RuntimeDir::restore() {
  std::error_code error;
  fs::create_directories(path_.parent_path(), error);  // a failure is reported by the next step
  if (!claim_.covers(path_)) {
    HOLDFAST_TRY_ASSIGN(PathClaim claim, PathClaim::take(path_));
    claim_ = std::move(claim);
  }
  HOLDFAST_TRY(make());
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
  const Fd notify = open_inner(directory_, kNotify);
  if (!notify || ::fchmod(directory_.get(), kPrivate | 0001) != 0 ||
      ::fchmod(notify.get(), kPrivate | 0001) != 0) {
    return fail_errno(errno, fmt::format("let other users pass through '{}'", path_.native()));
  }
  return {};
}

}  // namespace holdfast::supervisor::sockets
