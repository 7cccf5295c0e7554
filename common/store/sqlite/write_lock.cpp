// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/write_lock.hpp"

#include "common/store/sqlite/location.hpp"
#include "common/store/sqlite/range_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace holdfast::store::sqlite {

namespace {

constexpr off_t kTurnstile = 0;
constexpr off_t kUse = 1;

int set_turnstile(int descriptor, short type) {
  struct flock range = range_lock(kTurnstile, type);
  int code = 0;
  do {
    code = ::fcntl(descriptor, F_OFD_SETLKW, &range);
  } while (code != 0 && errno == EINTR);
  return code;
}

}  // namespace

std::filesystem::path WriteLock::path_of(const std::filesystem::path& database) {
  std::filesystem::path path = real_path(database);
  path += ".writelock";
  return path;
}

Result<WriteLock> WriteLock::open(const std::filesystem::path& database) {
  std::filesystem::path path = path_of(database);
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0660));
  if (!file) return fail_errno(errno, fmt::format("open the write lock '{}'", path.native()));
  return WriteLock(std::move(file), std::move(path));
}

Result<WriteLock::Guard> WriteLock::acquire() {
  if (set_turnstile(file_.get(), F_WRLCK) != 0) {
    return fail_errno(errno, fmt::format("wait for the write lock '{}'", path_.native()));
  }
  int code = 0;
  do {
    code = ::flock(file_.get(), LOCK_EX);
  } while (code != 0 && errno == EINTR);
  const int os_error = errno;
  set_turnstile(file_.get(), F_UNLCK);
  if (code != 0) return fail_errno(os_error, fmt::format("take the lock '{}'", path_.native()));
  return Guard(file_.get());
}

Result<void> WriteLock::show_use() {
  struct flock range = range_lock(kUse, F_RDLCK);
  if (::fcntl(file_.get(), F_OFD_SETLK, &range) == 0) return {};
  return fail_errno(errno, fmt::format("lock '{}'", path_.native()));
}

bool WriteLock::is_in_use(const std::filesystem::path& database) {
  const Fd file(::open(path_of(database).c_str(), O_RDONLY | O_CLOEXEC));
  struct flock range = range_lock(kUse, F_WRLCK);  // which nobody has; a shared one is in its way
  return file && ::fcntl(file.get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

WriteLock::Guard::~Guard() {
  if (descriptor_ >= 0) ::flock(descriptor_, LOCK_UN);
}

}  // namespace holdfast::store::sqlite
