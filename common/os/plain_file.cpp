// SPDX-License-Identifier: Apache-2.0
#include "common/os/plain_file.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <optional>
#include <string>

namespace holdfast {

namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// By a link the kernel says ELOOP, or, if it is to be held only, opens the link.
Failure is_link(const fs::path& path) {
  return fail(ErrorKind::PermissionDenied,
              fmt::format("'{}' is a link, which is not followed: remove it", path.native()));
}

Result<void> check_plain(const fs::path& path, const struct stat& info) {
  if (S_ISLNK(info.st_mode)) return is_link(path);
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorKind::PermissionDenied,
                fmt::format("'{}' is not a regular file: remove it", path.native()));
  }
  if (!is_foreign_hard_link(path, info)) return {};
  return fail(ErrorKind::PermissionDenied,
              fmt::format("'{}' is another user's file that has a second name here (a hard link): "
                          "remove it",
                          path.native()));
}

// The path with the first of its links replaced by where that leads; nothing: there is none.
Result<std::optional<fs::path>> without_first_link(const fs::path& path) {
  fs::path walked;
  for (auto part = path.begin(); part != path.end(); ++part) {
    walked /= *part;
    HOLDFAST_TRY_ASSIGN(const HeldFile file, HeldFile::hold(walked));
    if (!S_ISLNK(file.info().st_mode)) continue;
    const uid_t owner = file.info().st_uid;
    if (owner != 0 && owner != ::geteuid()) {
      return fail(
          ErrorKind::PermissionDenied,
          fmt::format("'{}' is another user's link, which is not followed", walked.native()));
    }
    HOLDFAST_TRY_ASSIGN(const fs::path target, file.read_link());
    fs::path result = walked.parent_path() / target;  // an absolute one takes its place
    for (++part; part != path.end(); ++part)
      result /= *part;
    return std::optional(std::move(result));
  }
  return std::nullopt;
}

}  // namespace

bool is_foreign_hard_link(const fs::path& path, const struct stat& info) {
  if (info.st_nlink <= 1) return false;
  struct stat folder {};
  return ::stat(folder_of(path).c_str(), &folder) != 0 || folder.st_uid != info.st_uid;
}

Result<Fd> open_plain_file(const fs::path& path, int flags, mode_t mode) {
  // A pipe in its place must not keep us waiting.
  Fd file(::open(path.c_str(), flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode));
  if (!file && errno == ELOOP) return is_link(path);
  if (!file) return fail_errno(errno, fmt::format("open '{}'", path.native()));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0)
    return fail_errno(errno, fmt::format("look at '{}'", path.native()));
  HOLDFAST_TRY(check_plain(path, info));
  return file;
}

Result<Fd> open_by_own_links(const fs::path& path) {
  constexpr int kMostLinks = 40;  // the kernel's limit
  fs::path real = path;
  for (int i = 0; i < kMostLinks; ++i) {
    HOLDFAST_TRY_ASSIGN(auto next, without_first_link(real));
    if (!next) break;
    real = std::move(*next);
  }
  // What was no link a moment ago may be one by now.
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_NO_SYMLINKS;
  Fd file(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, real.c_str(), &how, sizeof how)));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0)
    return fail_errno(errno, fmt::format("open '{}'", real.native()));
  HOLDFAST_TRY(check_plain(real, info));
  return file;
}

Result<HeldFile> HeldFile::hold(const fs::path& path) {
  Fd file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0)
    return fail_errno(errno, fmt::format("look at '{}'", path.native()));
  return HeldFile(std::move(file), path, info);
}

Result<void> HeldFile::require_plain() const {
  return check_plain(path_, info_);
}

Result<fs::path> HeldFile::read_link() const {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlinkat(file_.get(), "", target.data(), target.size());
  if (size < 0) return fail_errno(errno, fmt::format("read the link '{}'", path_.native()));
  return fs::path(std::string(target.data(), static_cast<std::size_t>(size)));
}

Result<void> HeldFile::give_to(uid_t owner, gid_t group) const {
  if (::fchownat(file_.get(), "", owner, group, AT_EMPTY_PATH) == 0) return {};
  return fail_errno(errno, fmt::format("give '{}' to its owner", path_.native()));
}

// fchmod(2) refuses such a descriptor, and fchmodat2(2) is of Linux 6.6. The entry in /proc leads
// to the file that is held, whatever its name means by now; of a link there is no mode to set.
Result<void> HeldFile::set_mode(mode_t mode) const {
  if (S_ISLNK(info_.st_mode)) return is_link(path_);
  if (::chmod(fmt::format("/proc/self/fd/{}", file_.get()).c_str(), mode) == 0) return {};
  return fail_errno(errno, fmt::format("set the mode of '{}'", path_.native()));
}

}  // namespace holdfast
