// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/kept_lines.hpp"

#include "common/os/fd.hpp"
#include "common/os/plain_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <string>

namespace holdfast::supervisor::logs {

namespace {

namespace fs = std::filesystem;

using Sizes = std::map<std::string, std::uint64_t, std::less<>>;  // by program

constexpr std::uint64_t kLoud = 2;   // more than this part of the file
constexpr std::uint64_t kQuiet = 8;  // less than this part

// Nothing unless it is a regular file: whoever may write in the directory can have put a pipe
// there, and the log does not wait for what comes out of it.
Fd open_regular(const fs::path& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (file && (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))) file.reset();
  return file;
}

// From the beginning, whatever has been read before.
template <class Use>
void for_each_line(const Fd& file, Use use) {
  std::string buffer(std::size_t{64} * 1024, '\0');
  std::string begun;  // a line whose end is yet to be read
  for (off_t at = 0;;) {
    const ssize_t count = ::pread(file.get(), buffer.data(), buffer.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    at += count;
    std::string_view text(buffer.data(), static_cast<std::size_t>(count));
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      begun += text.substr(0, end);
      use(std::string_view(begun));
      begun.clear();
      text.remove_prefix(end + 1);
    }
    begun += text;
  }
  if (!begun.empty()) use(std::string_view(begun));
}

Sizes sizes_of_programs(const Fd& file) {
  Sizes sizes;
  for_each_line(file, [&](std::string_view line) {
    const std::string_view program = program_of_line(line);
    auto found = sizes.find(program);
    if (found == sizes.end()) found = sizes.emplace(std::string(program), 0).first;
    found->second += line.size() + 1;
  });
  return sizes;
}

bool write_kept(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void append_kept(const fs::path& to, const std::string& text, std::uint64_t max_size) {
  std::error_code error;
  const std::uint64_t before = fs::file_size(to, error);
  if (!error && before + text.size() > max_size) fs::rename(to, to.native() + ".1", error);
  const auto file = open_plain_file(to, O_WRONLY | O_CREAT | O_APPEND, 0640);
  if (file) write_kept(file->get(), text);
}

}  // namespace

std::string_view program_of_line(std::string_view line) {
  constexpr std::string_view kKey = "\"worker\":\"";
  std::string_view worker;
  if (const auto key = line.rfind(kKey); line.starts_with('{') && key != std::string_view::npos) {
    worker = line.substr(key + kKey.size());
    worker = worker.substr(0, worker.find('"'));
  } else if (const auto bar = line.find(" | "); bar != std::string_view::npos) {
    worker = line.substr(0, bar);
  }
  return worker.substr(0, worker.rfind('.'));
}

void keep_quiet_lines(const fs::path& from, const fs::path& to, std::uint64_t max_size) {
  const Fd file = open_regular(from);
  if (!file) return;
  const Sizes sizes = sizes_of_programs(file);
  std::uint64_t total = 0;
  std::uint64_t largest = 0;
  for (const auto& [program, size] : sizes) {
    total += size;
    largest = std::max(largest, size);
  }
  if (largest * kLoud <= total || sizes.size() < 2) return;
  std::string kept;
  for_each_line(file, [&](std::string_view line) {
    const bool quiet = sizes.find(program_of_line(line))->second * kQuiet < total;
    if (quiet && kept.size() + line.size() < max_size) kept.append(line).push_back('\n');
  });
  if (!kept.empty()) append_kept(to, kept, max_size);
}

}  // namespace holdfast::supervisor::logs
