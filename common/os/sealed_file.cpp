// SPDX-License-Identifier: Apache-2.0
#include "common/os/sealed_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast {

namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "write the file in memory");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<Fd> make_sealed_file(const std::string& name, std::string_view text) {
  Fd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return fail_errno(errno, fmt::format("create the file '{}' in memory", name));
  HOLDFAST_TRY(write_all(fd.get(), text));
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0)
    return fail_errno(errno, fmt::format("seal the file '{}' in memory", name));
  return fd;
}

Result<std::string> read_sealed_file(int fd, std::size_t limit) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals)
    return fail(ErrorKind::InvalidArgument, "the descriptor is not a sealed file in memory");
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno(errno, "stat the sealed file");
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size > limit) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("the sealed file has {} bytes, more than {}", size, limit));
  }
  std::string text(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(fd, text.data() + done, size - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail_errno(count < 0 ? errno : EIO, "read the sealed file");
    done += static_cast<std::size_t>(count);
  }
  return text;
}

}  // namespace holdfast
