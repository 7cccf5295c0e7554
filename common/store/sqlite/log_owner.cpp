// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/log_owner.hpp"

#include "common/store/sqlite/file_note.hpp"
#include "common/store/sqlite/former_files.hpp"
#include "common/store/sqlite/location.hpp"

#include <sqlite3.h>

#include <array>
#include <cstdint>

namespace holdfast::store::sqlite {

namespace {

namespace fs = std::filesystem;

fs::path log_of(const fs::path& database) {
  return beside(real_path(database), "-wal");
}

bool are_both_there(const FileNote& files) {
  return !files.database.empty() && !files.log.empty();
}

// What it held is in the database by now, and more: SQLite would put the former pages over it. Not
// moved away by us: if every process was killed when it was taken away, it alone has what it holds.
Result<void> older_log(const fs::path& database) {
  const fs::path log = log_of(database);
  return fail(
      ErrorKind::Unavailable,
      fmt::format("database '{}': its log '{}' is one that was used before the last one, "
                  "and was put back: move it away, for what was written since would be lost",
                  database.native(), log.native()));
}

}  // namespace

Result<void> check_log_owner(const fs::path& database) {
  std::uint64_t log_bytes = 0;
  const FileNote now = files_now(database, &log_bytes);
  if (!are_both_there(now)) return {};
  const auto last = noted_files(database);
  if (!last) return {};
  if (last->database == now.database && last->log != now.log) {
    return log_bytes > 0 && is_older(now.log, last->log) ? older_log(database) : Result<void>();
  }
  if (last->log != now.log || last->database == now.database) return {};
  // An empty log matters to who uses it with the former file: what one of them writes into it, the
  // other would take for pages of its own.
  if (log_bytes == 0 && !WriteLock::is_in_use(database)) return {};
  const fs::path log = log_of(database);
  return fail(
      ErrorKind::Unavailable,
      fmt::format(
          "database '{0}': the file was replaced, but its log '{1}' belongs to the "
          "former one{3}; put the former file back, or stop Holdfast, remove '{1}' and '{2}', and "
          "start it again",
          database.native(), log.native(), log.native().substr(0, log.native().size() - 3) + "shm",
          log_bytes > 0 ? " and holds what was written to it last" : ", which is still in use"));
}

Result<void> check_log_mode(sqlite3* connection, const fs::path& database) {
  std::uint64_t log_bytes = 0;
  if (!are_both_there(files_now(database, &log_bytes)) || log_bytes == 0) return {};
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (file == nullptr || file->pMethods == nullptr) return {};
  // The "write version" and the "read version" (https://sqlite.org/fileformat2.html, 1.3).
  constexpr sqlite3_int64 kVersions = 18;
  constexpr std::array<unsigned char, 2> kWithoutLog{1, 1};
  std::array<unsigned char, 2> versions{};
  // What cannot be read, or is no database, is found out by who reads it.
  if (file->pMethods->xRead(file, versions.data(), 2, kVersions) != SQLITE_OK) return {};
  if (versions != kWithoutLog) return {};
  const fs::path log = log_of(database);
  return fail(ErrorKind::Unavailable,
              fmt::format("database '{0}': the file was overwritten by a backup, but its log '{1}' "
                          "belongs to the former one and holds what was written to it last; to go "
                          "on with the backup, stop Holdfast, move '{1}' and '{2}' away, and start "
                          "it again",
                          database.native(), log.native(),
                          log.native().substr(0, log.native().size() - 3) + "shm"));
}

Result<void> note_log_owner(const SqliteConnection& connection) {
  const fs::path& database = connection.path();
  const FileNote now = files_now(database);
  // The file that was looked at is the one that is open.
  if (connection.is_replaced()) {
    return fail(ErrorKind::Unavailable,
                fmt::format("database '{}' was replaced while it was being opened: try again",
                            database.native()));
  }
  if (are_both_there(now) && now != noted_files(database)) note_files(database, now);
  return {};
}

Result<void> note_log_owner(const SqliteConnection& connection, WriteLock& lock) {
  const fs::path& database = connection.path();
  const FileNote now = files_now(database);
  if (are_both_there(now) && now != noted_files(database)) {
    HOLDFAST_TRY_ASSIGN(const WriteLock::Guard guard, lock.acquire());
    // They may have been replaced since it was opened.
    HOLDFAST_TRY(check_former_files(database));
    HOLDFAST_TRY(check_log_owner(database));
    HOLDFAST_TRY(note_log_owner(connection));
  }
  return lock.show_use();
}

}  // namespace holdfast::store::sqlite
