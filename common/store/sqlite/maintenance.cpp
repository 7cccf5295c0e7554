// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/maintenance.hpp"

#include "common/os/plain_file.hpp"
#include "common/store/sqlite/database_copy.hpp"
#include "common/store/sqlite/entrance.hpp"
#include "common/store/sqlite/error.hpp"
#include "common/store/sqlite/exclusion.hpp"
#include "common/store/sqlite/integrity.hpp"
#include "common/store/sqlite/location.hpp"
#include "common/store/sqlite/private_files.hpp"
#include "common/store/sqlite/replacement.hpp"
#include "common/store/sqlite/write_lock.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace holdfast::store::sqlite {

namespace {

namespace fs = std::filesystem;

// A file that SQLite cannot even read from end to end is an answer, and not a failure to look.
Result<CheckReport> unreadable(const fs::path& database, const Error& error) {
  if (error.kind != ErrorKind::DataLoss) return fail(error);
  CheckReport report;
  report.store = "sqlite " + database.native();
  report.problems.push_back({error.message, kSalvage});
  return report;
}

// What is said of the copy, as if it were said of the original.
void name_original(std::string& text, const DatabaseCopy& copy, const fs::path& original) {
  const std::string& name = copy.path().native();
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at))
    text.replace(at, name.size(), original.native());
}

Result<CheckReport> check_file(const DatabaseCopy& copy, const fs::path& original) {
  auto connection = SqliteConnection::open(copy.path(), Access::ReadWrite);
  auto report = connection ? check_copy(**connection) : unreadable(original, connection.error());
  if (!report) {
    Error error = report.error();
    name_original(error.message, copy, original);
    return fail(std::move(error));
  }
  report->store = "sqlite " + original.native();
  for (Problem& problem : report->problems)
    name_original(problem.what, copy, original);
  return report;
}

Result<void> must_exist(const fs::path& database) {
  HOLDFAST_TRY_ASSIGN(const fs::path real, trusted_path(database));
  HOLDFAST_TRY(Entrance::enter(real));  // an interrupted restore is finished first
  struct stat info {};
  if (::stat(database.c_str(), &info) == 0) {
    if (S_ISREG(info.st_mode)) return {};
    return fail(ErrorKind::InvalidArgument, fmt::format("'{}' is not a file", database.native()));
  }
  return fail_errno(errno, fmt::format("open '{}'", database.native()));
}

bool is_part_of(const fs::path& database, const fs::path& file) {
  std::error_code error;
  for (const char* const suffix : {"", "-wal", "-shm", ".writelock", ".restoring"}) {
    const fs::path part(real_path(database).native() + suffix);
    if (part == file || fs::equivalent(part, file, error)) return true;
  }
  return false;
}

// The same owner, group and mode, whoever restores it.
Result<void> belong_as(const HeldFile& file, const fs::path& model) {
  struct stat info {};
  if (::stat(model.c_str(), &info) != 0) return {};
  constexpr mode_t kPrivate = 0660;
  HOLDFAST_TRY(file.give_to(info.st_uid, info.st_gid));
  return file.set_mode(S_ISDIR(info.st_mode) ? 0640 : info.st_mode & kPrivate);
}

// While it lives, nobody begins to open it either: not to write, nor to make it anew.
class Closed {
 public:
  static Result<Closed> to(const fs::path& database, const fs::path& model) {
    const fs::path lock_file = WriteLock::path_of(database);
    std::error_code error;
    const bool is_new = !fs::exists(lock_file, error);
    HOLDFAST_TRY_ASSIGN(WriteLock lock, WriteLock::open(database));
    if (is_new) {
      HOLDFAST_TRY_ASSIGN(const HeldFile file, HeldFile::hold(lock_file));
      HOLDFAST_TRY(file.require_plain());
      HOLDFAST_TRY(belong_as(file, model));
    }
    HOLDFAST_TRY_ASSIGN(WriteLock::Guard guard, lock.acquire());
    HOLDFAST_TRY_ASSIGN(Entrance entrance, Entrance::close(database));
    return Closed(std::move(lock), std::move(guard), std::move(entrance));
  }

 private:
  Closed(WriteLock lock, WriteLock::Guard guard, Entrance entrance)
      : lock_(std::move(lock)), guard_(std::move(guard)), entrance_(std::move(entrance)) {}
  WriteLock lock_;
  WriteLock::Guard guard_;
  Entrance entrance_;
};

}  // namespace

Result<CheckReport> check(const fs::path& database, const fs::path& directory) {
  HOLDFAST_TRY(must_exist(database));
  const fs::path place = directory.empty() ? database : directory / database.filename();
  const auto copy = DatabaseCopy::make(database, place);
  if (!copy) return unreadable(database, copy.error());
  return check_file(*copy, database);
}

Result<BackupReport> backup(const fs::path& database, const fs::path& target, bool overwrite) {
  HOLDFAST_TRY(must_exist(database));
  std::error_code error;
  if (is_part_of(database, target)) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is the database itself", target.native()));
  }
  if (fs::exists(target, error) && !fs::is_regular_file(target, error)) {
    return fail(ErrorKind::InvalidArgument, fmt::format("'{}' is not a file", target.native()));
  }
  if (!overwrite && fs::exists(target, error)) {
    return fail(ErrorKind::Conflict, fmt::format("'{}' exists already", target.native()));
  }
  HOLDFAST_TRY_ASSIGN(DatabaseCopy copy, DatabaseCopy::make(database, target));
  HOLDFAST_TRY_ASSIGN(const auto connection, SqliteConnection::open(copy.path(), Access::ReadOnly));
  HOLDFAST_TRY(guarded(*connection, [&]() -> Result<void> {
    Query look = connection->query("PRAGMA quick_check(1)");
    if (look.step() && look.text(0) == "ok") return {};
    return fail(ErrorKind::DataLoss,
                fmt::format("database '{}' is damaged, so no backup was made of it; "
                            "holdfast-queue-worker check says where; {}",
                            database.native(), kSalvage));
  }));
  const BackupReport report{fs::file_size(copy.path(), error)};
  HOLDFAST_TRY(copy.put(target, overwrite));
  return report;
}

Result<RestoreReport> restore(const fs::path& path, const fs::path& source) {
  // A link stays what it is.
  HOLDFAST_TRY_ASSIGN(const fs::path database, trusted_path(path));
  HOLDFAST_TRY(refuse_planted_files(database, false));
  HOLDFAST_TRY(must_exist(source));
  if (is_part_of(database, source)) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is the database itself", source.native()));
  }
  std::error_code error;
  const fs::path model = fs::exists(database, error) ? database : database.parent_path();
  HOLDFAST_TRY_ASSIGN(const Closed closed, Closed::to(database, model));
  if (is_replacement_begun(database)) HOLDFAST_TRY(finish_replacement(database));
  std::optional<Exclusion> excluded;
  if (fs::exists(database, error)) {
    HOLDFAST_TRY_ASSIGN(Exclusion alone, Exclusion::from(database));
    excluded.emplace(std::move(alone));
  }
  RestoreReport report;
  auto copy = DatabaseCopy::make(source, database);
  if (!copy) {
    HOLDFAST_TRY_ASSIGN(report.restored, unreadable(source, copy.error()));
    return report;
  }
  HOLDFAST_TRY_ASSIGN(report.restored, check_file(*copy, source));
  if (!report.restored.problems.empty()) return report;
  HOLDFAST_TRY(copy->enter_wal_mode());
  HOLDFAST_TRY(belong_as(copy->file(), model));
  HOLDFAST_TRY_ASSIGN(report.replaced, replace(database, *copy));
  return report;
}

}  // namespace holdfast::store::sqlite
