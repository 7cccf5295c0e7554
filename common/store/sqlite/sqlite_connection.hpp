// SPDX-License-Identifier: Apache-2.0
#pragma once

// SqliteConnection: one SQLite connection, set up the way every process must set it up, with its
// statements kept prepared. Query: one use of such a statement.
//
// This is the edge of SQLiteCpp. Inside the engine a failed statement travels as
// SQLite::Exception to the nearest guarded(), which turns it into an Error; nothing above it
// throws.
//
// Threads: a connection and its queries belong to one thread at a time.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace holdfast::store::sqlite {

// Text that is bound without a copy, for large values: it must outlive the query.
struct Uncopied {
  const std::string& text;
};

// One use of a prepared statement, from its binding to its last row; the destructor resets it.
class Query {
 public:
  struct Slot {
    SQLite::Statement statement;
    bool in_use = false;
  };

  explicit Query(Slot& slot);
  Query(Query&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
  Query& operator=(Query&&) = delete;
  ~Query();

  // Binds the parameters ?1, ?2, … in order. Text is copied; blobs are not, they outlive the query.
  template <class... Values>
  Query& bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }

  bool step();         // false: no more rows
  std::int64_t run();  // to the end; rows changed

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::span<const std::byte> blob(int column) const;  // until the next step
  bool is_null(int column) const;

 private:
  void bind_one(int index, std::int64_t value) { statement().bind(index, value); }
  void bind_one(int index, const std::string& value) { statement().bind(index, value); }
  void bind_one(int index, const char* value) { statement().bind(index, value); }
  void bind_one(int index, const Uncopied& value) { statement().bindNoCopy(index, value.text); }
  void bind_one(int index, std::span<const std::byte> value);
  void bind_one(int index, std::string_view) = delete;

  SQLite::Statement& statement() const { return slot_->statement; }

  Slot* slot_;
};

enum class Access { ReadOnly, ReadWrite, Create };
enum class Synchronous { Normal, Full };

class SqliteConnection {
 public:
  // It has been read when this returns, and was the file at `path`. Unavailable: that is being
  // restored, or was replaced under its log (log_owner.hpp).
  static Result<std::unique_ptr<SqliteConnection>> open(const std::filesystem::path& path,
                                                        Access access);
  // Whether this process has any, of whatever database.
  static bool is_any_open();
  SqliteConnection(const SqliteConnection&) = delete;
  ~SqliteConnection();

  // Of the pages that all connections of this process cache. Any thread.
  static std::uint64_t cached_bytes();

  Query query(std::string_view sql);  // throws SQLite::Exception
  void exec(const char* sql);         // any number of statements; throws SQLite::Exception
  std::int64_t last_insert_id() const;
  bool in_transaction() const;

  // Only between transactions. FULL syncs the log at every commit, NORMAL at checkpoints.
  void set_synchronous(Synchronous level);
  // How long a statement waits for another process's lock. Initially 5 s.
  void set_patience(Duration patience);

  // Copies the log into the database; the caller holds the write lock. `truncate` also waits, no
  // longer than the patience, for readers, and empties the log. Best effort.
  void checkpoint(bool truncate);
  // Copies all of the log into the database; the caller holds the write lock. Waits for readers, no
  // longer than the patience. Whether the log is needed no more.
  bool copy_log();
  // Everything that any process has committed is on the disk when this returns. Needs no lock. At
  // NORMAL this is what FULL does within the commit; whatever has left the log since was synced
  // with the database (https://sqlite.org/wal.html,
  // https://sqlite.org/pragma.html#pragma_synchronous).
  Result<void> sync_log();
  std::int64_t wal_pages() const { return wal_pages_; }  // after this connection's last commit

  // Copies every page, as of one moment, into `target`, an empty file, which is not synced. Whoever
  // writes meanwhile does not wait.
  Result<void> copy_pages(const std::filesystem::path& target);

  // Whether the path leads to another file than the one that is open, or to none.
  bool is_replaced() const;

  // Reads the header from the file itself, past every cache.
  Result<void> touch_file();

  const std::filesystem::path& path() const { return path_; }
  Error to_error(const SQLite::Exception& exception) const;

 private:
  SqliteConnection(const std::filesystem::path& path, const std::filesystem::path& real,
                   Access access);
  static Result<std::unique_ptr<SqliteConnection>> open_once(const std::filesystem::path& path,
                                                             const std::filesystem::path& real,
                                                             Access access);
  void set_up(Access access);
  static int on_busy(void* self, int calls);
  static int on_commit(void* self, sqlite3*, const char*, int pages);

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::filesystem::path path_;
  SQLite::Database database_;
  std::unordered_map<std::string, Query::Slot, Hash, std::equal_to<>> statements_;
  std::optional<Synchronous> synchronous_;
  int patience_ms_ = 5000;
  std::int64_t wal_pages_ = 0;
};

// Runs `work`, which returns a Result, and turns what SQLite throws into an Error.
template <class Work>
auto guarded(SqliteConnection& connection, Work&& work) -> decltype(work()) {
  errno = 0;
  try {
    return work();
  } catch (const SQLite::Exception& exception) {
    return fail(connection.to_error(exception));
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::ResourceExhausted, "out of memory");
  }
}

// A read transaction: everything read before end() is one state of the database.
class ReadTransaction {
 public:
  explicit ReadTransaction(SqliteConnection& connection) : connection_(connection) {}
  ReadTransaction(const ReadTransaction&) = delete;
  ~ReadTransaction() { end(); }
  void begin();         // the state is chosen by the first read after this
  void end() noexcept;  // does nothing if none is open

 private:
  SqliteConnection& connection_;
};

}  // namespace holdfast::store::sqlite
