// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/kept_lines.hpp"

#include "common/os/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <map>
#include <string>

namespace holdfast::supervisor::logs {

namespace {

namespace fs = std::filesystem;

using Sizes = std::map<std::string, std::uint64_t, std::less<>>;  // by program

constexpr std::uint64_t kLoud = 2;   // more than this part of the file
constexpr std::uint64_t kQuiet = 8;  // less than this part

template <class Use>
void for_each_line(const fs::path& file, Use use) {
  std::ifstream in(file, std::ios::binary);
  for (std::string line; std::getline(in, line);)
    use(std::string_view(line));
}

Sizes sizes_of_programs(const fs::path& file) {
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
  const Fd fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (fd) write_kept(fd.get(), text);
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
  const Sizes sizes = sizes_of_programs(from);
  std::uint64_t total = 0;
  std::uint64_t largest = 0;
  for (const auto& [program, size] : sizes) {
    total += size;
    largest = std::max(largest, size);
  }
  if (largest * kLoud <= total || sizes.size() < 2) return;
  std::string kept;
  for_each_line(from, [&](std::string_view line) {
    const bool quiet = sizes.find(program_of_line(line))->second * kQuiet < total;
    if (quiet && kept.size() + line.size() < max_size) kept.append(line).push_back('\n');
  });
  if (!kept.empty()) append_kept(to, kept, max_size);
}

}  // namespace holdfast::supervisor::logs
