// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/file_sink.hpp"

#include "common/os/fd.hpp"
#include "common/os/plain_file.hpp"
#include "supervisor/logs/kept_lines.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::supervisor::logs {

namespace {

namespace fs = std::filesystem;

constexpr Duration kCheckEvery = std::chrono::seconds(1);  // whether the file was moved or deleted

std::string_view first_line(std::string_view lines) {
  const std::size_t end = lines.find('\n');
  return end == std::string_view::npos ? lines : lines.substr(0, end + 1);
}

// Whether nobody but us and root can put a link there by owning the directory.
bool is_ours(const fs::path& directory) {
  struct stat info {};
  if (::stat(directory.empty() ? "." : directory.c_str(), &info) != 0) return true;  // open() tells
  return info.st_uid == 0 || info.st_uid == ::geteuid();
}

class FileSink final : public LogSink {
 public:
  FileSink(fs::path path, std::uint64_t max_size, std::uint32_t max_files, FileAccess access,
           const Clock& clock)
      : path_(std::move(path)),
        max_size_(max_size),
        max_files_(std::max(max_files, 1u)),
        access_(access),
        clock_(clock) {}

  // On failure, a file that is already open stays open.
  bool open() {
    Fd fd = open_or_create();
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0) return false;
    if (S_ISREG(info.st_mode) && is_foreign_hard_link(path_, info)) {
      errno = EMLINK;
      return false;
    }
    fd_ = std::move(fd);
    inode_ = info.st_ino;
    regular_ = S_ISREG(info.st_mode);
    size_ = static_cast<std::uint64_t>(info.st_size);
    return true;
  }

  Written write(std::string_view lines) override {
    // A pipe that nobody reads may never take the rest of a line.
    if (at_line_start_ || torn_ || !regular_) check_path();
    if (!fd_ && !open()) return {0, Outcome::Failed, errno};
    std::size_t total = 0;
    while (torn_ || !lines.empty()) {
      const std::string_view slice = torn_ ? std::string_view("\n") : fitting(lines);
      if (slice.empty()) {
        rotate();
        continue;
      }
      const ssize_t n = ::write(fd_.get(), slice.data(), slice.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return {total, Outcome::WouldBlock, 0};  // a named pipe
      if (n < 0) return {total, Outcome::Failed, errno};
      const std::size_t taken = static_cast<std::size_t>(n);
      size_ += taken;
      if (torn_) {
        torn_ = false;
        at_line_start_ = true;
        continue;
      }
      if (taken > 0) at_line_start_ = slice[taken - 1] == '\n';
      lines.remove_prefix(taken);
      total += taken;
    }
    return {total, Outcome::Done, 0};
  }

  int poll_fd() const override { return fd_.get(); }
  std::uint64_t rotations() const override { return rotations_; }

  void reopen() override {
    if (!open()) {
      // The open file is in no directory any more: what went into it would be lost unnoticed.
      if (access_.tell_if_gone && (errno == ENOENT || errno == ENOTDIR)) fd_.reset();
      return;
    }
    at_line_start_ = true;
    torn_ = false;
  }

 private:
  Fd open_or_create() const {
    const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
                      (access_.follow_links && is_ours(path_.parent_path()) ? 0 : O_NOFOLLOW);
    Fd fd(::open(path_.c_str(), flags));
    if (fd || errno != ENOENT) return fd;
    fd.reset(::open(path_.c_str(), flags | O_CREAT, 0640));
    if (fd && access_.group) {
      // Without the privilege the file keeps the group of this process.
      [[maybe_unused]] const int changed =
          ::fchown(fd.get(), static_cast<uid_t>(-1), *access_.group);
    }
    return fd;
  }

  // As many whole lines as still fit into the file; empty: rotate first.
  std::string_view fitting(std::string_view lines) const {
    if (max_size_ == 0 || !regular_ || size_ + lines.size() <= max_size_) return lines;
    if (!at_line_start_) return first_line(lines);
    const std::uint64_t room = max_size_ > size_ ? max_size_ - size_ : 0;
    const std::size_t last = room == 0 ? std::string_view::npos : lines.rfind('\n', room - 1);
    if (last != std::string_view::npos) return lines.substr(0, last + 1);
    if (size_ > 0) return {};
    return first_line(lines);  // longer than max_size: gets a file to itself
  }

  void rotate() {
    // What is about to go.
    const fs::path oldest = max_files_ == 1 ? path_ : numbered(max_files_ - 1);
    std::error_code ignored;
    if (access_.many_programs && fs::exists(oldest, ignored))
      keep_quiet_lines(oldest, path_.native() + ".kept", max_size_);
    if (max_files_ == 1) {
      // In append mode the next write starts at the new end.
      if (::ftruncate(fd_.get(), 0) == 0) ++rotations_;
      size_ = 0;
      return;
    }
    for (std::uint32_t n = max_files_ - 1; n > 1; --n) {
      fs::rename(numbered(n - 1), numbered(n), ignored);
    }
    fs::rename(path_, numbered(1), ignored);
    if (!ignored && open()) ++rotations_;
    // If the rename fails the file keeps growing; the next attempt comes after another max_size.
    size_ = 0;
  }

  fs::path numbered(std::uint32_t n) const { return fmt::format("{}.{}", path_.native(), n); }

  void check_path() {
    const MonoTime now = clock_.mono();
    if (!fd_ || now < next_check_) return;
    next_check_ = now + kCheckEvery;
    struct stat info {};
    if (::stat(path_.c_str(), &info) != 0 || info.st_ino != inode_) reopen();
  }

  fs::path path_;
  std::uint64_t max_size_;
  std::uint32_t max_files_;
  FileAccess access_;
  const Clock& clock_;
  Fd fd_;
  ino_t inode_ = 0;
  bool regular_ = true;
  std::uint64_t size_ = 0;
  std::uint64_t rotations_ = 0;
  MonoTime next_check_{};
};

}  // namespace

Result<std::unique_ptr<LogSink>> make_file_sink(const fs::path& path, std::uint64_t max_size,
                                                std::uint32_t max_files, const Clock& clock) {
  FileAccess access;
  access.many_programs = true;
  auto sink = std::make_unique<FileSink>(path, max_size, max_files, access, clock);
  if (sink->open()) return sink;
  Error error = fail_errno(errno, fmt::format("open the log '{}'", path.native())).value();
  if (error.os_error == ENXIO)
    error.message += "; it is a socket or a named pipe that nobody reads, which is not waited for";
  return fail(std::move(error));
}

std::unique_ptr<LogSink> make_lazy_file_sink(const fs::path& path, std::uint64_t max_size,
                                             std::uint32_t max_files, const FileAccess& access,
                                             const Clock& clock) {
  return std::make_unique<FileSink>(path, max_size, max_files, access, clock);
}

}  // namespace holdfast::supervisor::logs
