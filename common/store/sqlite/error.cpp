// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/error.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <system_error>

namespace holdfast::store::sqlite {

namespace {

bool out_of_space(int os_error) {
  return os_error == ENOSPC || os_error == EDQUOT || os_error == EFBIG;
}

ErrorKind kind_of_constraint(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_FOREIGNKEY: return ErrorKind::Conflict;
    default: return ErrorKind::Internal;  // a failed CHECK or NOT NULL is a bug
  }
}

ErrorKind kind_of_open(int os_error) {
  switch (os_error) {
    case ENOENT:
    case ENOTDIR: return ErrorKind::NotFound;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorKind::PermissionDenied;
    case EMFILE:
    case ENFILE: return ErrorKind::ResourceExhausted;
    default: return ErrorKind::Unavailable;
  }
}

ErrorKind kind_of(int extended, int os_error) {
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return ErrorKind::Unavailable;
    case SQLITE_FULL:
    case SQLITE_NOMEM: return ErrorKind::ResourceExhausted;
    case SQLITE_IOERR:
      if (extended == SQLITE_IOERR_SHORT_READ) return ErrorKind::DataLoss;
      return out_of_space(os_error) ? ErrorKind::ResourceExhausted : ErrorKind::Unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorKind::DataLoss;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return ErrorKind::PermissionDenied;
    case SQLITE_CANTOPEN: return kind_of_open(os_error);
    case SQLITE_CONSTRAINT: return kind_of_constraint(extended);
    case SQLITE_TOOBIG: return ErrorKind::Unstorable;
    default: return ErrorKind::Internal;
  }
}

std::string advice(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::DataLoss:
      return fmt::format("; the file is damaged: stop Holdfast and keep a copy of it, then {}",
                         kSalvage);
    case ErrorKind::ResourceExhausted:
      return "; nothing of this write was stored: free space, then try again";
    case ErrorKind::PermissionDenied:
      return "; the file and its directory must be writable: SQLite keeps its log beside it";
    default: return {};
  }
}

}  // namespace

Error make_error(int extended, int os_error, std::string_view message,
                 const std::filesystem::path& database) {
  // errno is left over from some earlier call unless the code says that a system call failed.
  const int primary = extended & 0xff;
  if (primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN && primary != SQLITE_FULL) os_error = 0;
  const ErrorKind kind = kind_of(extended, os_error);
  std::string text = fmt::format("database '{}': {}", database.native(), message);
  if (os_error != 0) text += " (" + std::generic_category().message(os_error) + ")";
  return Error{kind, text + advice(kind), os_error, true};
}

}  // namespace holdfast::store::sqlite
