// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/crash_directory.hpp"

#include "supervisor/state/crash_json.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <tuple>

namespace holdfast::supervisor {

namespace {

constexpr const char* kName = "crashes";
constexpr std::string_view kSuffix = ".json";
constexpr std::string_view kUnfinished = ".new";
constexpr std::size_t kMaxFile = 4u << 20;  // far more than a report can have

Result<void> write_whole_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(errno, "write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  // Else a power failure could leave the name with nothing behind it.
  if (::fdatasync(fd) != 0) return fail_errno(errno, "fdatasync");
  return {};
}

}  // namespace

// Through descriptors, so that whoever owns the state directory cannot lead us elsewhere between
// two steps.
Result<void> CrashDirectory::open(Missing missing) {
  if (directory_) return {};
  const std::string path = (state_dir_ / kName).native();
  const Fd state(::open(state_dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!state) return fail_errno(errno, fmt::format("open '{}'", state_dir_.native()));
  if (missing == Missing::IsMade && ::mkdirat(state.get(), kName, 0700) != 0 && errno != EEXIST)
    return fail_errno(errno, fmt::format("create '{}'", path));
  Fd found(::openat(state.get(), kName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!found || ::fstat(found.get(), &info) != 0)
    return fail_errno(errno, fmt::format("open '{}'", path));
  if (info.st_uid != ::geteuid() || (info.st_mode & 022) != 0) {
    return fail(ErrorKind::PermissionDenied,
                fmt::format("'{}' must belong to the supervisor's user and be writable by nobody "
                            "else",
                            path));
  }
  directory_ = std::move(found);
  return {};
}

Result<std::vector<std::string>> CrashDirectory::list() {
  HOLDFAST_TRY(open(Missing::Fails));
  // A descriptor of its own: that of a DIR has a position, and is closed with it.
  Fd again(::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(again ? ::fdopendir(again.get()) : nullptr,
                                                    [](DIR* open) { return ::closedir(open); });
  if (!entries) return fail_errno(errno, "list the crash reports");
  std::ignore = again.release();
  std::vector<std::string> ids;
  while (const dirent* const entry = ::readdir(entries.get())) {
    std::string_view name = entry->d_name;
    const bool unfinished = name.ends_with(kUnfinished);
    if (unfinished) name.remove_suffix(kUnfinished.size());
    if (!name.ends_with(kSuffix) || !is_crash_id(name.substr(0, name.size() - kSuffix.size())))
      continue;
    if (unfinished) {
      ::unlinkat(directory_.get(), entry->d_name, 0);
    } else {
      ids.emplace_back(name.substr(0, name.size() - kSuffix.size()));
    }
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<std::string> CrashDirectory::read(const std::string& id) {
  HOLDFAST_TRY(open(Missing::Fails));
  const std::string name = id + std::string(kSuffix);
  const Fd file(
      ::openat(directory_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0)
    return fail_errno(errno, fmt::format("open the crash report {}", id));
  const auto size = static_cast<std::size_t>(info.st_size);
  if (!S_ISREG(info.st_mode) || size > kMaxFile)
    return fail(ErrorKind::DataLoss, fmt::format("{} is not a crash report", id));
  std::string text(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::read(file.get(), text.data() + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      return fail_errno(count < 0 ? errno : EIO, fmt::format("read the crash report {}", id));
    done += static_cast<std::size_t>(count);
  }
  return text;
}

Result<void> CrashDirectory::write_new(const std::string& name, std::string_view text) const {
  const Fd file(::openat(directory_.get(), name.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, "create");
  return write_whole_text(file.get(), text);
}

Result<void> CrashDirectory::write(const std::string& id, std::string_view text) {
  const auto failed = [&](const Error& error) {
    return fail(error.with_context(
        fmt::format("write '{}'", (state_dir_ / kName / (id + std::string(kSuffix))).native())));
  };
  if (const auto opened = open(Missing::IsMade); !opened) return failed(opened.error());
  const std::string name = id + std::string(kSuffix);
  const std::string next = name + std::string(kUnfinished);
  auto written = write_new(next, text);
  if (written && ::renameat(directory_.get(), next.c_str(), directory_.get(), name.c_str()) != 0)
    written = fail_errno(errno, "rename");
  if (written) return {};
  ::unlinkat(directory_.get(), next.c_str(), 0);
  directory_.reset();  // it may have been removed: the next report makes it again
  return failed(written.error());
}

void CrashDirectory::remove(const std::string& id) {
  if (open(Missing::Fails)) ::unlinkat(directory_.get(), (id + std::string(kSuffix)).c_str(), 0);
}

}  // namespace holdfast::supervisor
