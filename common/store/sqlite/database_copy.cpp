// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/database_copy.hpp"

#include "common/os/file_id.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast::store::sqlite {

namespace {

namespace fs = std::filesystem;

constexpr std::initializer_list<const char*> kFilesOfCopy{"", "-wal", "-shm", "-journal"};

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// A name that begins so belongs to a copy for `target`.
std::string name_of_copy(const fs::path& target) {
  return fmt::format(".{}.", target.filename().native());
}

bool lock_copy(int descriptor) {
  return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
}

// Another process may hold the same pid, on another machine of a shared disk or in a container.
Result<std::pair<fs::path, Fd>> make_file(const fs::path& target) {
  for (int i = 0;; ++i) {
    fs::path path = folder_of(target) / fmt::format("{}{}{}.part", name_of_copy(target), ::getpid(),
                                                    i == 0 ? "" : fmt::format("-{}", i));
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!file && errno == EEXIST) continue;
    if (!file) return fail_errno(errno, fmt::format("create '{}'", path.native()));
    // Not if it was taken for one that was left behind, right between the two calls.
    if (lock_copy(file.get()) && file_id(path) == file_id(file.get())) {
      return std::pair(std::move(path), std::move(file));
    }
  }
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

void remove_abandoned(const fs::path& target) {
  const std::string begin = name_of_copy(target);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_of(target), error)) {
    const std::string name = entry.path().filename().native();
    if (!name.starts_with(begin) || !name.ends_with(".part")) continue;
    const Fd file(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file && lock_copy(file.get())) remove_with(entry.path(), kFilesOfCopy);
  }
}

bool is_same(const HeldFile& file, const std::optional<FileId>& id) {
  return id == FileId{file.info().st_dev, file.info().st_ino};
}

Failure was_replaced(const fs::path& copy) {
  return fail(ErrorKind::Conflict,
              fmt::format("'{}' was replaced while it was being written", copy.native()));
}

}  // namespace

Result<DatabaseCopy> DatabaseCopy::make(const fs::path& database, const fs::path& target) {
  remove_abandoned(target);
  HOLDFAST_TRY_ASSIGN(auto made, make_file(target));
  const fs::path path = made.first;
  HOLDFAST_TRY_ASSIGN(HeldFile held, HeldFile::hold(path));
  if (!is_same(held, file_id(made.second.get()))) return was_replaced(path);
  DatabaseCopy copy(path, std::move(made.second), std::move(held));
  HOLDFAST_TRY_ASSIGN(const auto source, SqliteConnection::open(database, Access::ReadOnly));
  HOLDFAST_TRY(source->copy_pages(path));
  // So that it can be opened wherever it is, on a medium that cannot be written, too.
  HOLDFAST_TRY(set_journal_mode(path, "PRAGMA journal_mode=DELETE"));
  return copy;
}

DatabaseCopy::~DatabaseCopy() {
  if (!path_.empty()) remove_with(path_, kFilesOfCopy);
}

Result<void> DatabaseCopy::enter_wal_mode() {
  HOLDFAST_TRY(set_journal_mode(path_, "PRAGMA journal_mode=WAL"));
  remove_with(path_, {"-wal", "-shm"});  // empty: nothing has been written since
  return {};
}

Result<void> DatabaseCopy::put(const fs::path& target, bool replace) {
  if (!is_same(file_, file_id(path_))) return was_replaced(path_);
  if (::fsync(lock_.get()) != 0) return fail_errno(errno, fmt::format("sync '{}'", path_.native()));
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
  const fs::path folder = folder_of(path);
  const Fd file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0)
    return fail_errno(errno, fmt::format("sync '{}'", folder.native()));
  return {};
}

}  // namespace holdfast::store::sqlite
