// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/write_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace holdfast::store::sqlite {

namespace {

int set_turnstile(int descriptor, short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = 0;
  range.l_len = 1;
  int code = 0;
  do {
    code = ::fcntl(descriptor, F_OFD_SETLKW, &range);
  } while (code != 0 && errno == EINTR);
  return code;
}

}  // namespace

std::filesystem::path WriteLock::path_of(const std::filesystem::path& database) {
  std::filesystem::path path = database;
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

WriteLock::Guard::~Guard() {
  if (descriptor_ >= 0) ::flock(descriptor_, LOCK_UN);
}

}  // namespace holdfast::store::sqlite
