// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/file_note.hpp"

#include "common/os/plain_file.hpp"
#include "common/store/sqlite/location.hpp"
#include "common/store/sqlite/write_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <sstream>
#include <utility>

namespace holdfast::store::sqlite {

namespace {

namespace fs = std::filesystem;

std::string born(const fs::path& path, std::uint64_t* bytes = nullptr) {
  struct statx info {};
  if (::statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_SIZE | STATX_BTIME, &info) != 0)
    return {};
  if (bytes != nullptr) *bytes = info.stx_size;
  return fmt::format("{}.{}.{}", info.stx_ino, info.stx_btime.tv_sec, info.stx_btime.tv_nsec);
}

std::optional<std::pair<long long, unsigned>> birth_of(const std::string& file) {
  unsigned long long inode = 0;
  long long seconds = 0;
  unsigned nanoseconds = 0;
  // NOLINTNEXTLINE(cert-err34-c): what is no number was not written by us, and compares as unknown
  if (std::sscanf(file.c_str(), "%llu.%lld.%u", &inode, &seconds, &nanoseconds) != 3)
    return std::nullopt;
  if (seconds == 0) return std::nullopt;
  return std::pair(seconds, nanoseconds);
}

}  // namespace

FileNote files_now(const fs::path& database, std::uint64_t* log_bytes) {
  const fs::path real = real_path(database);
  return {born(database), born(beside(real, "-wal"), log_bytes), born(beside(real, "-shm"))};
}

std::optional<FileNote> noted_files(const fs::path& database) {
  const auto file = open_plain_file(WriteLock::path_of(database), O_RDONLY);
  std::array<char, 256> buffer{};
  const ssize_t size = file ? ::pread(file->get(), buffer.data(), buffer.size(), 0) : 0;
  if (size <= 0) return std::nullopt;
  std::istringstream words(std::string(buffer.data(), static_cast<std::size_t>(size)));
  FileNote files;
  if (!(words >> files.database >> files.log)) return std::nullopt;
  words >> files.index;
  return files;
}

void note_files(const fs::path& database, const FileNote& files) {
  const auto file = open_plain_file(WriteLock::path_of(database), O_WRONLY);
  const std::string line = files.database + " " + files.log + " " + files.index + "\n";
  if (!file) return;
  const bool written =
      ::pwrite(file->get(), line.data(), line.size(), 0) == static_cast<ssize_t>(line.size());
  // A note of former files would be worse than none.
  (void)!::ftruncate(file->get(), written ? static_cast<off_t>(line.size()) : 0);
}

bool is_older(const std::string& file, const std::string& other) {
  const auto one = birth_of(file);
  const auto two = birth_of(other);
  return one && two && *one < *two;
}

}  // namespace holdfast::store::sqlite
