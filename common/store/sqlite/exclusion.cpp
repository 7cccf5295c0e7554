// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/exclusion.hpp"

#include "common/store/sqlite/range_lock.hpp"

#include <fcntl.h>

#include <cerrno>

namespace holdfast::store::sqlite {

Result<Exclusion> Exclusion::from(const std::filesystem::path& database) {
  // Only locked: it may have a second name, by which an interrupted restore has kept it.
  Fd file(::open(database.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!file) return fail_errno(errno, fmt::format("open '{}'", database.native()));
  struct flock range = connection_locks(F_WRLCK);
  if (::fcntl(file.get(), F_OFD_SETLK, &range) == 0) return Exclusion(std::move(file));
  if (errno == EAGAIN || errno == EACCES) {
    return fail(ErrorKind::Unavailable,
                fmt::format("the database '{}' is in use: stop Holdfast and every other program "
                            "that has it open, then try again",
                            database.native()));
  }
  return fail_errno(errno, fmt::format("lock '{}'", database.native()));
}

}  // namespace holdfast::store::sqlite
