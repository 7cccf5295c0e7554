// SPDX-License-Identifier: Apache-2.0
#include "common/os/file.hpp"

#include "common/os/fd.hpp"
#include "common/os/plain_file.hpp"

#include <fcntl.h>
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

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, fmt::format("open '{}'", path.native()));
  return read_all(fd, path, limit);
}

Result<std::string> read_plain_file(const std::filesystem::path& path, std::size_t limit) {
  HOLDFAST_TRY_ASSIGN(const Fd fd, open_plain_file(path, O_RDONLY));
  return read_all(fd, path, limit);
}

}  // namespace holdfast
