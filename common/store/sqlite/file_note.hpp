// SPDX-License-Identifier: Apache-2.0
#pragma once

// FileNote: which files are used together as one database, its log ("-wal") and the log's index
// ("-shm"). Who opens the database keeps in the file of the write lock which they were last.
//
// Threads: any; pure but for the files that are looked at.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace holdfast::store::sqlite {

// Each file as "INODE.BORN", where BORN is "SECONDS.NANOSECONDS", 0 in a file system that does not
// know it: an inode alone is given to another file some day. Empty: there is none.
struct FileNote {
  std::string database;
  std::string log;
  std::string index;
  bool operator==(const FileNote&) const = default;
};

// As they are found beside the database, which may be reached by a link.
FileNote files_now(const std::filesystem::path& database, std::uint64_t* log_bytes = nullptr);
// Nothing in a lock that has never been written to. Who has an older Holdfast notes no index.
std::optional<FileNote> noted_files(const std::filesystem::path& database);
// Best effort: on a full disk it is noted by who opens the database next.
void note_files(const std::filesystem::path& database, const FileNote& files);

// Whether the first was made before the second. No if that is not known.
bool is_older(const std::string& file, const std::string& other);

}  // namespace holdfast::store::sqlite
