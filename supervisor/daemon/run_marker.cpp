// SPDX-License-Identifier: Apache-2.0
#include "supervisor/daemon/run_marker.hpp"

#include "common/os/file.hpp"
#include "common/os/plain_file.hpp"
#include "common/text/number.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>

namespace holdfast::supervisor::daemon {

namespace {

// Another one after each boot of the machine.
std::string boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", 64);
  if (!text) return "unknown";
  while (!text->empty() && text->back() == '\n')
    text->pop_back();
  return text->empty() ? "unknown" : *text;
}

// "PID STARTED_MS BOOT_ID"
std::string describe_end(const std::string& text) {
  std::istringstream words(text);
  std::string pid;
  std::string started;
  std::string boot;
  if (!(words >> pid >> started >> boot)) return {};
  const auto ms = text::parse_number<std::int64_t>(started);
  const std::string since = ms ? format_unix_ms(*ms) : "an unknown time";
  return fmt::format(
      "the supervisor before this one (pid {}, started at {}) did not shut down: {}", pid, since,
      boot == boot_id() ? "it was killed, or crashed" : "the machine went down under it");
}

}  // namespace

Result<RunMarker> RunMarker::claim(const std::filesystem::path& state_dir, WallTime now) {
  const std::filesystem::path path = state_dir / "running";
  HOLDFAST_TRY_ASSIGN(Fd file, open_plain_file(path, O_RDWR | O_CREAT, 0640));
  const int error = ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  if (error != 0 && error != EWOULDBLOCK)
    return fail_errno(error, fmt::format("lock '{}'", path.native()));
  std::array<char, 256> before{};
  const ssize_t length = ::pread(file.get(), before.data(), before.size(), 0);
  const std::string text(before.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  if (error == EWOULDBLOCK) {
    return fail(ErrorKind::Conflict,
                fmt::format("another supervisor (pid {}) runs on the state directory '{}': alerts, "
                            "crash reports and the memory of schedules are in it, and each would "
                            "take those of the other for its own; give each its own state_dir",
                            text.substr(0, text.find(' ')), state_dir.native()));
  }
  const std::string own = fmt::format("{} {} {}\n", ::getpid(), to_unix_ms(now), boot_id());
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), own.data(), own.size(), 0) != static_cast<ssize_t>(own.size()))
    return fail_errno(errno, fmt::format("write '{}'", path.native()));
  return RunMarker(std::move(file), describe_end(text));
}

void RunMarker::clear() {
  // A marker that stays says that the end was not clean, which is as good as known here.
  if (file_ && ::ftruncate(file_.get(), 0) == 0) file_.reset();
}

}  // namespace holdfast::supervisor::daemon
