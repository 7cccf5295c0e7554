// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/database.hpp"

#include "common/os/fd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace holdfast::supervisor::alerts {

namespace {

using store::sqlite::Access;
using store::sqlite::guarded;

constexpr Duration kPatience = std::chrono::seconds(1);

constexpr std::array kSuffixes = {"", "-wal", "-shm", "-journal"};

// A link, a file with a second name, or somebody else's, is not for us to write to. SQLite refuses
// a log that is a link, and with it the database.
bool is_foreign(const std::filesystem::path& database) {
  return std::any_of(kSuffixes.begin(), kSuffixes.end(), [&](const char* suffix) {
    const std::filesystem::path file = database.native() + suffix;
    struct stat info {};
    if (::lstat(file.c_str(), &info) != 0) return false;  // there is none
    return !S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || info.st_nlink > 1;
  });
}

// Private from the start: SQLite gives its log the mode of the file.
void create_private(const std::filesystem::path& file) {
  const Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

Result<void> set_up_database(Database::Connection& connection) {
  return guarded(connection, [&]() -> Result<void> {
    connection.set_patience(kPatience);
    connection.exec("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=200;");
    connection.set_synchronous(store::sqlite::Synchronous::Full);
    auto check = connection.query("PRAGMA quick_check(1)");
    if (check.step() && check.text(0) != "ok")
      return fail(ErrorKind::DataLoss, "the database is damaged: " + check.text(0));
    return {};
  });
}

bool is_damage(const Error& error) {
  return error.kind == ErrorKind::DataLoss;
}

}  // namespace

Database::Database(const std::filesystem::path& file, const log::Logger& log)
    : file_(file), log_(log) {
  open();
}

void Database::open() {
  if (is_foreign(file_)) move_aside("it, or a file beside it, is a link or another user's");
  if (try_open()) return;
  auto memory = Connection::open(":memory:", Access::Create);
  if (memory) connection_ = std::move(*memory);
}

bool Database::try_open() {
  for (int tries = 0; tries < 2; ++tries) {
    create_private(file_);
    auto opened = Connection::open(file_, Access::Create);
    auto ready = opened ? set_up_database(**opened) : Result<void>(fail(opened.error()));
    if (ready) {
      connection_ = std::move(*opened);
      durable_ = true;
      return true;
    }
    if (!is_damage(ready.error()) || tries > 0) {
      tell(ready.error());
      return false;
    }
    // The error's own advice is for the store, which has backups.
    move_aside("it is damaged, or no database");
  }
  return false;
}

void Database::move_aside(const std::string& why) {
  const std::filesystem::path aside = file_.native() + ".damaged";
  for (const char* const suffix : kSuffixes) {
    std::error_code ignored;
    std::filesystem::rename(file_.native() + suffix, aside.native() + suffix, ignored);
  }
  log_.warn(
      fmt::format("alerts: '{}' cannot be used: {}; it was moved to '{}', and what it knew of "
                  "alerts is forgotten",
                  file_.native(), why, aside.native()));
}

void Database::tell(const Error& error) {
  if (std::exchange(told_, true)) return;
  log_.warn(
      fmt::format("alerts: what they need to remember is not kept on disk: {}; alerts go on, "
                  "but a restart forgets them",
                  error.message));
}

Result<void> Database::transact(const std::function<Result<void>(Connection&)>& work) {
  const std::lock_guard lock(mutex_);
  if (!connection_) return fail(ErrorKind::Unavailable, "alerts: there is no database");
  auto done = guarded(*connection_, [&]() -> Result<void> {
    connection_->exec("BEGIN IMMEDIATE");
    if (auto result = work(*connection_); !result) return result;
    connection_->exec("COMMIT");
    return {};
  });
  if (done) {
    told_ = told_ && !durable_;
    return {};
  }
  if (connection_->in_transaction()) {
    // If this fails, SQLite has rolled back by itself.
    static_cast<void>(guarded(*connection_, [&]() -> Result<void> {
      connection_->exec("ROLLBACK");
      return {};
    }));
  }
  tell(done.error());
  return done;
}

}  // namespace holdfast::supervisor::alerts
