// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogOwner: which database a log belongs to. SQLite finds the log ("-wal") by its name alone: if a
// file takes the place of a database whose log is not empty, the next process that opens it mixes
// the pages of one with the log of the other, and nobody notices. So the file of the write lock
// keeps which files were used together last (file_note.hpp).
//
// Only a database that was replaced under its log is refused. If both are other files now, somebody
// has copied the whole directory; without a log, or with an empty one that nobody uses, nothing can
// be mixed; but a log that was put back after a later one was used, with the same database, is
// refused. A file that is overwritten in place remains the same file; that is noticed only if what
// was put there is no database with a log of its own.
//
// Threads: any. Files are told by inode and time of birth, so a path may be moved or mounted anew.

#include "common/base/result.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/sqlite/write_lock.hpp"

#include <filesystem>

namespace holdfast::store::sqlite {

// Before the database is opened. Unavailable: its log belongs to another file, which has what is in
// the log, or is still in use with it.
Result<void> check_log_owner(const std::filesystem::path& database);

// Once SQLite has opened the file, and before anything is read. A database that has a log is marked
// in its own header, and a backup is not: one that was copied over a database in place, after a
// crash, would be mixed with the log of that. Unavailable: it was.
Result<void> check_log_mode(sqlite3* connection, const std::filesystem::path& database);

// Once it has been read: its log is there then. Writes only if something has changed, under the
// write lock. A full disk is no reason not to go on: it is noted by who opens it next. Unavailable:
// the database has been replaced since.
Result<void> note_log_owner(const SqliteConnection& connection);

// The same, for who does not hold the lock: takes it if there is something to write, and shows by
// it that the database is in use.
Result<void> note_log_owner(const SqliteConnection& connection, WriteLock& lock);

}  // namespace holdfast::store::sqlite
