// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/log_owner.hpp"

#include "common/os/plain_file.hpp"
#include "common/store/sqlite/location.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace holdfast::store::sqlite {

namespace {

namespace fs = std::filesystem;

// Each file as "INODE.BORN": an inode alone is given to another file some day.
struct Couple {
  std::string database;
  std::string log;
  bool operator==(const Couple&) const = default;
};

fs::path log_of(const fs::path& database) {
  fs::path log = real_path(database);
  log += "-wal";
  return log;
}

// The time is 0 in a file system that does not know it.
std::optional<std::string> born(const fs::path& path, std::uint64_t& bytes) {
  struct statx info {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_SIZE | STATX_BTIME, &info) != 0) {
    return std::nullopt;
  }
  bytes = info.stx_size;
  return fmt::format("{}.{}.{}", info.stx_ino, info.stx_btime.tv_sec, info.stx_btime.tv_nsec);
}

// Nothing while there is no log, or no database.
std::optional<Couple> couple_now(const fs::path& database, std::uint64_t& log_bytes) {
  std::uint64_t bytes = 0;
  auto own = born(database, bytes);
  auto log = born(log_of(database), log_bytes);
  if (!own || !log) return std::nullopt;
  return Couple{std::move(*own), std::move(*log)};
}

// Nothing in a lock that has never been written to.
std::optional<Couple> noted(const fs::path& database) {
  const auto file = open_plain_file(WriteLock::path_of(database), O_RDONLY);
  std::array<char, 256> buffer{};
  const ssize_t size = file ? ::pread(file->get(), buffer.data(), buffer.size(), 0) : 0;
  if (size <= 0) return std::nullopt;
  std::istringstream words(std::string(buffer.data(), static_cast<std::size_t>(size)));
  Couple couple;
  if (!(words >> couple.database >> couple.log)) return std::nullopt;
  return couple;
}

}  // namespace

Result<void> check_log_owner(const fs::path& database) {
  std::uint64_t log_bytes = 0;
  const auto now = couple_now(database, log_bytes);
  if (!now) return {};
  const auto last = noted(database);
  if (!last || last->log != now->log || last->database == now->database) return {};
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
  if (!couple_now(database, log_bytes) || log_bytes == 0) return {};
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
  std::uint64_t log_bytes = 0;
  const auto now = couple_now(database, log_bytes);
  // The file that was looked at is the one that is open.
  if (connection.is_replaced()) {
    return fail(ErrorKind::Unavailable,
                fmt::format("database '{}' was replaced while it was being opened: try again",
                            database.native()));
  }
  if (!now || now == noted(database)) return {};
  const auto file = open_plain_file(WriteLock::path_of(database), O_WRONLY);
  const std::string line = now->database + " " + now->log + "\n";
  if (!file || ::pwrite(file->get(), line.data(), line.size(), 0) < 0) return {};
  if (::ftruncate(file->get(), static_cast<off_t>(line.size())) != 0) return {};
  return {};
}

Result<void> note_log_owner(const SqliteConnection& connection, WriteLock& lock) {
  const fs::path& database = connection.path();
  std::uint64_t log_bytes = 0;
  const auto now = couple_now(database, log_bytes);
  if (now && now != noted(database)) {
    HOLDFAST_TRY_ASSIGN(const WriteLock::Guard guard, lock.acquire());
    HOLDFAST_TRY(check_log_owner(database));  // it may have been replaced since it was opened
    HOLDFAST_TRY(note_log_owner(connection));
  }
  return lock.show_use();
}

}  // namespace holdfast::store::sqlite
