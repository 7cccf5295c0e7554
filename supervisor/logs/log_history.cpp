// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/log_history.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kHistoryRead = 256 * 1024;
constexpr unsigned kMostNumbers = 1000;  // the most that [log] max_files may be

}  // namespace

std::filesystem::path LogHistory::numbered(unsigned n) const {
  return fmt::format("{}.{}", file_.native(), n);
}

std::optional<LogHistory::Part> LogHistory::open_part(const std::filesystem::path& file) {
  Part part;
  part.fd.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!part.fd || ::fstat(part.fd.get(), &info) != 0) return std::nullopt;
  if (!S_ISREG(info.st_mode)) {  // a named pipe's lines are its reader's
    errno = EINVAL;
    return std::nullopt;
  }
  part.device = info.st_dev;
  part.inode = info.st_ino;
  return part;
}

Result<LogHistory> LogHistory::open(const std::filesystem::path& file, bool whole) {
  LogHistory history(file);
  // The newest first: what is rotated meanwhile is met again under its next name.
  auto current = open_part(file);
  if (!current && errno != ENOENT)
    return fail_errno(errno, fmt::format("read the log '{}'", file.native()));
  if (current && !whole) current->read = ::lseek(current->fd.get(), 0, SEEK_END);
  if (current) history.parts_.push_front(std::move(*current));
  for (unsigned n = 1; whole && n <= kMostNumbers; ++n) {
    auto part = open_part(history.numbered(n));
    if (!part) break;
    const bool known =
        std::any_of(history.parts_.begin(), history.parts_.end(), [&](const Part& other) {
          return other.inode == part->inode && other.device == part->device;
        });
    if (!known) history.parts_.push_front(std::move(*part));
  }
  if (history.parts_.empty()) {
    return fail(ErrorKind::NotFound, fmt::format("there is no log '{}'", file.native()));
  }
  for (const char* const kept : {".kept", ".kept.1"}) {
    if (!whole) break;
    if (auto part = open_part(file.native() + kept)) history.parts_.push_front(std::move(*part));
  }
  return history;
}

std::optional<std::string_view> LogHistory::next() {
  for (;;) {
    const std::size_t newline = buffer_.find('\n', scanned_);
    if (newline != std::string::npos || buffer_.size() - begin_ >= kMaxLine) {
      const std::size_t end = newline == std::string::npos ? buffer_.size() : newline;
      const std::string_view line = std::string_view(buffer_).substr(begin_, end - begin_);
      begin_ = scanned_ = newline == std::string::npos ? end : end + 1;
      return line;
    }
    scanned_ = buffer_.size();
    if (fill()) continue;
    // A line that was torn when its file ended is a line.
    if (parts_.size() > 1 || follow_rotation()) {
      parts_.pop_front();
      if (begin_ == buffer_.size()) continue;
      rest_ = buffer_.substr(begin_);
      buffer_.clear();
      begin_ = scanned_ = 0;
      return rest_;
    }
    return std::nullopt;
  }
}

// Reads on in the first file; false at its end.
bool LogHistory::fill() {
  Part& part = parts_.front();
  struct stat info {};
  // With a single file, a rotation empties it.
  if (::fstat(part.fd.get(), &info) == 0 && info.st_size < part.read) part.read = 0;
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kHistoryRead);
  const ssize_t count = ::pread(part.fd.get(), buffer_.data() + before, kHistoryRead, part.read);
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count <= 0) return false;
  part.read += count;
  return true;
}

bool LogHistory::follow_rotation() {
  const Part& last = parts_.back();
  struct stat info {};
  if (::stat(file_.c_str(), &info) != 0) return false;
  if (info.st_ino == last.inode && info.st_dev == last.device) return false;
  // Its writer may have added lines between our last read and the rotation.
  if (fill()) return false;
  std::vector<Part> newer;
  for (unsigned n = 0; n <= kMostNumbers; ++n) {
    auto part = open_part(n == 0 ? file_ : numbered(n));
    if (!part || (part->inode == last.inode && part->device == last.device)) break;
    const bool known = std::any_of(newer.begin(), newer.end(), [&](const Part& other) {
      return other.inode == part->inode && other.device == part->device;
    });
    if (!known) newer.push_back(std::move(*part));
    // A log that was moved away by somebody else has no numbers.
    std::error_code error;
    if (n == 0 && !std::filesystem::exists(numbered(1), error)) break;
  }
  if (newer.empty()) return false;
  for (auto part = newer.rbegin(); part != newer.rend(); ++part)
    parts_.push_back(std::move(*part));
  return true;
}

}  // namespace holdfast::supervisor::logs
