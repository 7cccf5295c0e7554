// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/run_memory.hpp"

#include "common/os/fd.hpp"
#include "common/os/file.hpp"
#include "common/text/number.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

namespace holdfast::supervisor {

namespace {

Result<void> write_whole(const std::filesystem::path& path, const std::string& text) {
  // The directory may be a worker's: a link that it left there leads nowhere.
  ::unlink(path.c_str());
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (!file) return fail_errno(errno, fmt::format("create '{}'", path.native()));
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  if (written < 0) return fail_errno(errno, fmt::format("write '{}'", path.native()));
  if (static_cast<std::size_t>(written) != text.size())
    return fail(ErrorKind::ResourceExhausted, fmt::format("write '{}': no space", path.native()));
  return {};
}

}  // namespace

RunMemory::RunMemory(const std::filesystem::path& state_dir) : file_(state_dir / "schedules") {
  const auto text = read_plain_file(file_);
  if (!text) return;
  std::istringstream lines(*text);
  std::string name;
  std::string time;
  while (lines >> name >> time) {
    if (const auto ms = text::parse_number<std::int64_t>(time)) last_[name] = from_unix_ms(*ms);
  }
}

std::optional<WallTime> RunMemory::last(const std::string& program) const {
  const auto found = last_.find(program);
  return found == last_.end() ? std::nullopt : std::optional(found->second);
}

// Renamed into place, so that a crash leaves the old file or the new one.
Result<void> RunMemory::remember(const std::string& program, WallTime time) {
  last_[program] = time;
  std::string text;
  for (const auto& [name, last] : last_)
    text += fmt::format("{} {}\n", name, to_unix_ms(last));
  const std::filesystem::path next = file_.native() + ".new";
  HOLDFAST_TRY(write_whole(next, text));
  if (::rename(next.c_str(), file_.c_str()) != 0)
    return fail_errno(errno, fmt::format("rename '{}'", next.native()));
  return {};
}

}  // namespace holdfast::supervisor
