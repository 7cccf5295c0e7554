// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files by name in a directory that somebody else may write in. The state directory is the workers'
// account's, and root's commands and the supervisor use what is in it: whoever can make a link
// there must not choose which file root writes to, or whose mode or owner it changes.
//
// Threads: any.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <sys/stat.h>
#include <sys/types.h>

#include <filesystem>

namespace holdfast {

// Opens the file itself, never what a link leads to, with O_CLOEXEC. PermissionDenied unless it is
// a regular file that is no other file under a second name: one with several names has to belong to
// whoever owns the directory, who could not give away more than its own.
Result<Fd> open_plain_file(const std::filesystem::path& path, int flags, mode_t mode = 0);

// Opens a file for reading by links of root and of this process's user only, anywhere in `path`: no
// other link is followed, whoever makes it at whatever moment. Else as open_plain_file().
Result<Fd> open_by_own_links(const std::filesystem::path& path);

// Whether a file found at `path` is known by other names too, and not the directory's owner's.
bool is_foreign_hard_link(const std::filesystem::path& path, const struct stat& info);

// A file that is held but not opened (O_PATH): to look at it and to change its owner and mode,
// while its name may come to mean another file. Closing it releases no lock that this process has.
class HeldFile {
 public:
  // The file itself, not what a link leads to. NotFound if there is none.
  static Result<HeldFile> hold(const std::filesystem::path& path);

  const struct stat& info() const { return info_; }
  // As open_plain_file() demands it.
  Result<void> require_plain() const;
  // Where it leads, if it is a link.
  Result<std::filesystem::path> read_link() const;
  Result<void> give_to(uid_t owner, gid_t group) const;
  Result<void> set_mode(mode_t mode) const;

 private:
  HeldFile(Fd file, std::filesystem::path path, const struct stat& info)
      : file_(std::move(file)), path_(std::move(path)), info_(info) {}

  Fd file_;
  std::filesystem::path path_;
  struct stat info_;
};

}  // namespace holdfast
