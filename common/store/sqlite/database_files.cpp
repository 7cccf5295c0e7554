// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/database_files.hpp"

#include "common/store/sqlite/location.hpp"
#include "common/store/sqlite/write_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace holdfast::store::sqlite {

namespace {

namespace fs = std::filesystem;

// Of what a symbolic link leads to, as SQLite opens it.
Result<FileId> followed_id(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return fail_errno(errno, fmt::format("look at '{}'", path.native()));
  return FileId{info.st_dev, info.st_ino};
}

}  // namespace

Result<DatabaseFiles> DatabaseFiles::of(const SqliteConnection& connection) {
  const fs::path& database = connection.path();
  const fs::path real = real_path(database);
  std::error_code error;
  DatabaseFiles files;
  files.folder_ = real.parent_path();
  HOLDFAST_TRY(files.add(database));
  // They are missing only if somebody has taken the database out of WAL mode.
  for (const char* suffix : {"-wal", "-shm"}) {
    fs::path path = beside(real, suffix);
    if (fs::exists(path, error)) HOLDFAST_TRY(files.add(std::move(path)));
  }
  HOLDFAST_TRY(files.add(WriteLock::path_of(database)));
  // What was found at the paths is what is open.
  if (connection.is_replaced()) {
    return fail(ErrorKind::Unavailable,
                fmt::format("database '{}' was replaced while it was being opened: try again",
                            database.native()));
  }
  return files;
}

Result<void> DatabaseFiles::add(fs::path path) {
  HOLDFAST_TRY_ASSIGN(const FileId id, followed_id(path));
  files_.push_back({std::move(path), id});
  return {};
}

Result<void> DatabaseFiles::check() const {
  for (const File& file : files_) {
    const auto now = followed_id(file.path);
    if (now && *now == file.id) continue;
    const bool gone = !now && (now.error().os_error == ENOENT || now.error().os_error == ENOTDIR);
    if (!now && !gone) return fail(now.error());
    return fail(ErrorKind::Unavailable,
                fmt::format("database '{}': '{}' was {} while it was in use; nothing is written to "
                            "it any more; {}",
                            files_.front().path.native(), file.path.filename().native(),
                            gone ? "moved or deleted" : "replaced", advice(file)));
  }
  return {};
}

DatabaseFiles::Place DatabaseFiles::place_of(const File& file) {
  const auto now = followed_id(file.path);
  if (now) return *now == file.id ? Place::Same : Place::Other;
  const int code = now.error().os_error;
  return code == ENOENT || code == ENOTDIR ? Place::Gone : Place::Unknown;
}

bool DatabaseFiles::is_lost(std::string_view suffix) const {
  return std::any_of(files_.begin() + 1, files_.end(), [&](const File& file) {
    const Place place = file.path.native().ends_with(suffix) ? place_of(file) : Place::Same;
    return place == Place::Other || place == Place::Gone;
  });
}

bool DatabaseFiles::is_log_lost() const {
  return is_lost("-wal");
}

bool DatabaseFiles::is_lock_lost() const {
  return is_lost(".writelock");
}

bool DatabaseFiles::are_lost() const {
  switch (place_of(files_.front())) {
    case Place::Gone:
    case Place::Unknown: return false;
    case Place::Other: return is_log_lost();
    case Place::Same: break;
  }
  return is_lost("");
}

std::optional<FileUse> DatabaseFiles::use() const {
  FileUse use;
  for (const File& file : files_) {
    struct stat info {};
    if (::stat(file.path.c_str(), &info) != 0) continue;
    const auto bytes = static_cast<std::uint64_t>(info.st_size);
    if (&file == &files_.front()) use.database = bytes;
    if (file.path.native().ends_with("-wal")) use.log = bytes;
  }
  // Of the directory: a database that was moved away has not filled the disk.
  struct statvfs system {};
  if (::statvfs(folder_.c_str(), &system) != 0) return std::nullopt;
  use.free = static_cast<std::uint64_t>(system.f_bavail) * system.f_frsize;
  return use;
}

std::string DatabaseFiles::advice(const File& file) const {
  const bool database = &file == &files_.front();
  if (database) {
    return fmt::format(
        "put the file back, or stop Holdfast, remove '{0}-wal' and '{0}-shm', which belong to the "
        "former file, and start it again",
        files_.front().path.native());
  }
  return "the workers begin anew by themselves once everybody has let go of the former files";
}

}  // namespace holdfast::store::sqlite
