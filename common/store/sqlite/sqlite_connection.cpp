// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/sqlite_connection.hpp"

#include "common/store/sqlite/entrance.hpp"
#include "common/store/sqlite/error.hpp"
#include "common/store/sqlite/former_files.hpp"
#include "common/store/sqlite/location.hpp"
#include "common/store/sqlite/log_owner.hpp"
#include "common/store/sqlite/private_files.hpp"

#include <SQLiteCpp/Backup.h>
#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace holdfast::store::sqlite {

namespace {

constexpr int kTries = 5;

// Of this process: as long as there is one, no other descriptor of its file may be closed, for that
// would take SQLite's locks away.
std::atomic<int> open_connections = 0;

int open_flags(Access access) {
  switch (access) {
    case Access::ReadOnly: return SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    case Access::ReadWrite: return SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    case Access::Create: return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  }
  return SQLITE_OPEN_READONLY;
}

// SQLite says "unable to open database file" for all of these.
std::optional<Error> why_not_open(const std::filesystem::path& path) {
  std::error_code error;
  const auto directory = path.parent_path();
  if (!std::filesystem::is_directory(directory, error)) {
    if (error && error != std::errc::no_such_file_or_directory) return std::nullopt;
    return Error{ErrorKind::NotFound,
                 fmt::format("database '{}': the directory '{}' does not exist", path.native(),
                             directory.native()),
                 ENOENT};
  }
  if (!std::filesystem::exists(path, error) && !error) {
    return Error{ErrorKind::NotFound,
                 fmt::format("database '{}' does not exist: run `holdfast-queue-worker migrate`",
                             path.native()),
                 ENOENT};
  }
  return std::nullopt;
}

}  // namespace

Query::Query(Slot& slot) : slot_(&slot) {
  // Two uses of one statement at a time would silently share its rows.
  if (slot.in_use) throw SQLite::Exception("statement used twice: " + slot.statement.getQuery());
  slot.in_use = true;
}

Query::~Query() {
  if (slot_ == nullptr) return;
  slot_->statement.tryReset();
  slot_->statement.clearBindings();
  slot_->in_use = false;
}

void Query::bind_one(int index, std::span<const std::byte> value) {
  // A null pointer would bind NULL instead of an empty blob.
  const void* bytes = value.empty() ? static_cast<const void*>("") : value.data();
  statement().bindNoCopy(index, bytes, static_cast<int>(value.size()));
}

bool Query::step() {
  return statement().executeStep();
}

std::int64_t Query::run() {
  return statement().exec();
}

std::int64_t Query::integer(int column) const {
  return statement().getColumn(column).getInt64();
}

double Query::real(int column) const {
  return statement().getColumn(column).getDouble();
}

std::string Query::text(int column) const {
  return statement().getColumn(column).getString();
}

std::span<const std::byte> Query::blob(int column) const {
  const SQLite::Column value = statement().getColumn(column);
  const auto* bytes = static_cast<const std::byte*>(value.getBlob());
  return {bytes, static_cast<std::size_t>(value.getBytes())};
}

bool Query::is_null(int column) const {
  return statement().getColumn(column).isNull();
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::filesystem::path& path,
                                                                 Access access) {
  for (int i = 0; i < kTries; ++i) {
    HOLDFAST_TRY_ASSIGN(const std::filesystem::path real, trusted_path(path));
    HOLDFAST_TRY_ASSIGN(const Entrance entrance, Entrance::enter(real));
    HOLDFAST_TRY(refuse_planted_files(real, access != Access::ReadOnly));
    HOLDFAST_TRY(await_former_files(path, !is_any_open()));
    HOLDFAST_TRY(check_log_owner(path));
    HOLDFAST_TRY_ASSIGN(auto connection, open_once(path, real, access));
    // Whoever replaced it need not know of the entrance.
    if (!connection->is_replaced()) return connection;
  }
  return fail(ErrorKind::Unavailable,
              fmt::format("database '{}' was replaced whenever it was opened: let only one program "
                          "put files in its place, then try again",
                          path.native()));
}

bool SqliteConnection::is_any_open() {
  return open_connections > 0;
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open_once(
    const std::filesystem::path& path, const std::filesystem::path& real, Access access) {
  try {
    auto connection = std::unique_ptr<SqliteConnection>(new SqliteConnection(path, real, access));
    // SQLite opens a file that is not writable read-only, and fails at the first write.
    if (access != Access::ReadOnly &&
        sqlite3_db_readonly(connection->database_.getHandle(), "main") == 1) {
      return fail(make_error(SQLITE_READONLY, 0, "the file is not writable", path));
    }
    HOLDFAST_TRY(check_log_mode(connection->database_.getHandle(), path));
    connection->set_up(access);
    // From here on SQLite holds a lock that shows that it is in use, and has its log open.
    connection->query("PRAGMA schema_version").step();
    return connection;
  } catch (const SQLite::Exception& exception) {
    if ((exception.getErrorCode() & 0xff) == SQLITE_CANTOPEN) {
      if (auto reason = why_not_open(path)) return fail(std::move(*reason));
      return fail(ErrorKind::PermissionDenied,
                  fmt::format("database '{}' cannot be opened: check the permissions of the file "
                              "and its directory",
                              path.native()));
    }
    return fail(make_error(exception.getExtendedErrorCode(), 0, exception.what(), path));
  }
}

// The file that was looked at, and not where a link leads by now.
SqliteConnection::SqliteConnection(const std::filesystem::path& path,
                                   const std::filesystem::path& real, Access access)
    : path_(path), database_(real.native(), open_flags(access) | SQLITE_OPEN_NOFOLLOW) {
  ++open_connections;
  sqlite3* const handle = database_.getHandle();
  // A constant sleep: SQLite's own handler backs off, so that the newest contender always wins.
  sqlite3_busy_handler(handle, &SqliteConnection::on_busy, this);
  // Checkpoints are ours, under the write lock; the last close must not make one of its own.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

// Reads the database.
void SqliteConnection::set_up(Access access) {
  exec(
      "PRAGMA foreign_keys=ON; PRAGMA mmap_size=0; PRAGMA wal_autocheckpoint=0;"
      "PRAGMA temp_store=MEMORY;");
  exec(access == Access::ReadOnly ? "PRAGMA cache_size=-4096" : "PRAGMA cache_size=-8192");
  // Last: wal_autocheckpoint takes the place of a hook.
  sqlite3_wal_hook(database_.getHandle(), &SqliteConnection::on_commit, this);
}

SqliteConnection::~SqliteConnection() {
  --open_connections;
}

Query SqliteConnection::query(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    std::string key(sql);
    Query::Slot slot{SQLite::Statement(database_, key)};
    found = statements_.emplace(std::move(key), std::move(slot)).first;
  }
  return Query(found->second);
}

std::uint64_t SqliteConnection::cached_bytes() {
  sqlite3_int64 now = 0;
  sqlite3_int64 most = 0;
  // There is no preallocated page cache, so that every page is "overflow".
  sqlite3_status64(SQLITE_STATUS_PAGECACHE_OVERFLOW, &now, &most, 0);
  return static_cast<std::uint64_t>(now);
}

void SqliteConnection::exec(const char* sql) {
  database_.exec(sql);
}

std::int64_t SqliteConnection::last_insert_id() const {
  return database_.getLastInsertRowid();
}

bool SqliteConnection::in_transaction() const {
  return sqlite3_get_autocommit(database_.getHandle()) == 0;
}

void SqliteConnection::set_synchronous(Synchronous level) {
  if (synchronous_ == level) return;
  exec(level == Synchronous::Full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  synchronous_ = level;
}

void SqliteConnection::set_patience(Duration patience) {
  patience_ms_ =
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(patience).count());
}

void SqliteConnection::checkpoint(bool truncate) {
  int log = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(
      database_.getHandle(), nullptr,
      truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &log, &copied);
  // Busy readers or a full disk: the log stays, and the next commit asks again.
  if (code == SQLITE_OK && truncate) wal_pages_ = 0;
}

bool SqliteConnection::copy_log() {
  int log = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_.getHandle(), nullptr, SQLITE_CHECKPOINT_FULL,
                                             &log, &copied);
  return code == SQLITE_OK && log == copied;
}

Result<void> SqliteConnection::sync_log() {
  sqlite3* const handle = database_.getHandle();
  sqlite3_file* log = nullptr;
  int code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (code == SQLITE_OK && log != nullptr && log->pMethods != nullptr) {
    code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  }
  if (code == SQLITE_OK) return {};
  return fail(make_error(code, errno, "sync the log", path_));
}

Result<void> SqliteConnection::copy_pages(const std::filesystem::path& target) {
  std::error_code error;
  const auto place = std::filesystem::canonical(target.parent_path(), error) / target.filename();
  if (error) return fail_errno(error.value(), fmt::format("resolve '{}'", target.native()));
  errno = 0;
  try {
    // A link in its place, which somebody else may have put there, is not followed.
    SQLite::Database copy(place.native(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW);
    copy.exec("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF;");
    SQLite::Backup backup(copy, database_);
    int code = SQLITE_OK;
    do {  // one step takes all; another one is needed only if it was locked out
      code = backup.executeStep(-1);
    } while (code == SQLITE_BUSY || code == SQLITE_LOCKED);
    return {};
  } catch (const SQLite::Exception& failure) {
    const int code = failure.getExtendedErrorCode();
    const bool here = (code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_CANTOPEN;
    return fail(make_error(code > 0 ? code : failure.getErrorCode(), errno, failure.what(),
                           here ? target : path_));
  }
}

bool SqliteConnection::is_replaced() const {
  return sqlite::is_replaced(database_.getHandle(), path_);
}

Result<void> SqliteConnection::touch_file() {
  sqlite3* const handle = database_.getHandle();
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle, nullptr, SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (file == nullptr || file->pMethods == nullptr) return {};
  std::array<char, 16> header{};
  const int code = file->pMethods->xRead(file, header.data(), header.size(), 0);
  if (code != SQLITE_OK) {
    return fail(make_error(code, sqlite3_system_errno(handle), "reading the header failed", path_));
  }
  if (std::memcmp(header.data(), "SQLite format 3", header.size()) != 0) {
    return fail(make_error(SQLITE_NOTADB, 0, "file is not a database", path_));
  }
  return {};
}

Error SqliteConnection::to_error(const SQLite::Exception& exception) const {
  const int extended = exception.getExtendedErrorCode();
  const int code = extended > 0 ? extended : exception.getErrorCode();
  // guarded() cleared errno. SQLite keeps a copy for some failures, but not for those of COMMIT.
  const int os_error = errno != 0 ? errno : sqlite3_system_errno(database_.getHandle());
  return make_error(code, os_error, exception.what(), path_);
}

int SqliteConnection::on_busy(void* self, int calls) {
  if (calls >= static_cast<SqliteConnection*>(self)->patience_ms_) return 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return 1;
}

int SqliteConnection::on_commit(void* self, sqlite3*, const char*, int pages) {
  static_cast<SqliteConnection*>(self)->wal_pages_ = pages;
  return SQLITE_OK;
}

void ReadTransaction::begin() {
  end();
  connection_.exec("BEGIN DEFERRED");
}

void ReadTransaction::end() noexcept {
  if (!connection_.in_transaction()) return;
  try {
    connection_.exec("ROLLBACK");
  } catch (const SQLite::Exception&) {
    // Only an I/O error in flight gets here, and SQLite has then rolled back by itself.
  }
}

}  // namespace holdfast::store::sqlite
