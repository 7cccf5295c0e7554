// SPDX-License-Identifier: Apache-2.0
#include "common/os/file.hpp"

#include "common/os/fd.hpp"
#include "common/os/plain_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast {

namespace {

Result<std::string> read_all(const Fd& fd, const std::filesystem::path& path, std::size_t limit) {
  std::string content;
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, fmt::format("read '{}'", path.native()));
    if (n == 0) return content;
    content.append(buffer, static_cast<std::size_t>(n));
    if (content.size() > limit) {
      return fail(ErrorKind::ResourceExhausted,
                  fmt::format("'{}' is larger than {} bytes", path.native(), limit));
    }
  }
}

// A directory says itself that it cannot be read. /dev/null is the usual name of an empty file.
bool reads_without_waiting(const struct stat& info) {
  const bool null_device = S_ISCHR(info.st_mode) && info.st_rdev == ::makedev(1, 3);
  return S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || null_device;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit, Pipes pipes) {
  const int at_once = pipes == Pipes::Refused ? O_NONBLOCK : 0;
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | at_once));
  if (!fd) return fail_errno(errno, fmt::format("open '{}'", path.native()));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0)
    return fail_errno(errno, fmt::format("look at '{}'", path.native()));
  if (pipes == Pipes::Refused && !reads_without_waiting(info)) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not a regular file", path.native()));
  }
  return read_all(fd, path, limit);
}

Result<std::string> read_file_by_own_links(const std::filesystem::path& path, std::size_t limit) {
  HOLDFAST_TRY_ASSIGN(const Fd fd, open_by_own_links(path));
  return read_all(fd, path, limit);
}

Result<std::string> read_plain_file(const std::filesystem::path& path, std::size_t limit) {
  HOLDFAST_TRY_ASSIGN(const Fd fd, open_plain_file(path, O_RDONLY));
  return read_all(fd, path, limit);
}

std::filesystem::path absolute_path(const std::filesystem::path& path) {
  std::error_code error;
  auto absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute;
}

}  // namespace holdfast
