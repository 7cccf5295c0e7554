// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/database_copy.hpp"

#include "common/os/fd.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace holdfast::store::sqlite {

namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

fs::path name_beside(const fs::path& target) {
  return folder_of(target) / fmt::format(".{}.{}.part", target.filename().native(), ::getpid());
}

Result<void> sync(const fs::path& path, int flags) {
  const Fd file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) {
    return fail_errno(errno, fmt::format("sync '{}'", path.native()));
  }
  return {};
}

// The mode is kept in the file itself.
Result<void> set_journal_mode(const fs::path& copy, std::string_view pragma) {
  HOLDFAST_TRY_ASSIGN(const auto connection, SqliteConnection::open(copy, Access::ReadWrite));
  return guarded(*connection, [&]() -> Result<void> {
    connection->exec("PRAGMA synchronous=OFF");
    connection->query(pragma).step();
    return {};
  });
}

void remove_with(const fs::path& copy, std::initializer_list<const char*> suffixes) {
  for (const char* const suffix : suffixes)
    ::unlink((copy.native() + suffix).c_str());
}

}  // namespace

Result<DatabaseCopy> DatabaseCopy::make(const fs::path& database, const fs::path& target) {
  const fs::path path = name_beside(target);
  ::unlink(path.c_str());  // of a process that had this pid and was killed
  const Fd fresh(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fresh) return fail_errno(errno, fmt::format("create '{}'", path.native()));
  DatabaseCopy copy(path);
  HOLDFAST_TRY_ASSIGN(const auto source, SqliteConnection::open(database, Access::ReadOnly));
  HOLDFAST_TRY(source->copy_pages(path));
  // So that it can be opened wherever it is, on a medium that cannot be written, too.
  HOLDFAST_TRY(set_journal_mode(path, "PRAGMA journal_mode=DELETE"));
  return copy;
}

DatabaseCopy::~DatabaseCopy() {
  if (!path_.empty()) remove_with(path_, {"", "-wal", "-shm", "-journal"});
}

Result<void> DatabaseCopy::enter_wal_mode() {
  HOLDFAST_TRY(set_journal_mode(path_, "PRAGMA journal_mode=WAL"));
  remove_with(path_, {"-wal", "-shm"});  // empty: nothing has been written since
  return {};
}

Result<void> DatabaseCopy::put(const fs::path& target, bool replace) {
  HOLDFAST_TRY(sync(path_, O_RDONLY));
  const unsigned flags = replace ? 0 : RENAME_NOREPLACE;
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), flags) != 0) {
    if (errno == EEXIST) {
      return fail(ErrorKind::Conflict, fmt::format("'{}' exists already", target.native()));
    }
    return fail_errno(errno, fmt::format("rename '{}' to '{}'", path_.native(), target.native()));
  }
  path_.clear();
  return sync_folder_of(target);
}

Result<void> sync_folder_of(const fs::path& path) {
  return sync(folder_of(path), O_RDONLY | O_DIRECTORY);
}

}  // namespace holdfast::store::sqlite
