// SPDX-License-Identifier: Apache-2.0
#include "common/os/proc.hpp"

#include "common/os/file.hpp"
#include "common/text/number.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <type_traits>

namespace holdfast {

namespace {

constexpr std::string_view kBlanks = " \t\n";

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(kBlanks, at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

// The rest of the line that starts with `key`.
std::optional<std::string_view> line_after(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(key)) return line.substr(key.size());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

}  // namespace

Result<ProcessStat> parse_process_stat(std::string_view text) {
  // "4711 (name) S 1 …": the name may hold parentheses itself, nothing after it does.
  const std::size_t name_begin = text.find('(');
  const std::size_t name_end = text.rfind(')');
  if (name_begin == std::string_view::npos || name_end == std::string_view::npos ||
      name_end < name_begin) {
    return fail(ErrorKind::DataLoss, "/proc/PID/stat: no process name");
  }
  const auto words = split_words(text.substr(name_end + 1));
  constexpr std::size_t kFirstField = 3;  // words[0], by the numbers in proc(5)
  const auto read = [&](std::size_t field, auto& value) {
    const std::size_t at = field - kFirstField;
    if (at >= words.size()) return false;
    const auto number = text::parse_number<std::decay_t<decltype(value)>>(words[at]);
    if (number) value = *number;
    return number.has_value();
  };
  ProcessStat stat;
  if (words.empty() || words[0].size() != 1 || !read(4, stat.parent) || !read(5, stat.group) ||
      !read(6, stat.session) || !read(14, stat.user_ticks) || !read(15, stat.kernel_ticks) ||
      !read(20, stat.threads) || !read(22, stat.start_ticks) || !read(23, stat.virtual_bytes) ||
      !read(24, stat.resident_pages)) {
    return fail(ErrorKind::DataLoss, "/proc/PID/stat: a field is missing or not a number");
  }
  stat.name = text.substr(name_begin + 1, name_end - name_begin - 1);
  stat.state = words[0].front();
  return stat;
}

Result<ProcessStat> read_process_stat(pid_t pid) {
  const auto text = read_file(fmt::format("/proc/{}/stat", pid));
  if (!text) {
    Error error = text.error();
    if (error.os_error == ESRCH) error.kind = ErrorKind::NotFound;  // it ended after the open
    return fail(error.with_context(fmt::format("process {}", pid)));
  }
  return parse_process_stat(*text);
}

std::optional<std::uint64_t> parse_max_open_files(std::string_view limits) {
  const auto rest = line_after(limits, "Max open files");
  if (!rest) return std::nullopt;
  const auto words = split_words(*rest);
  return words.empty() ? std::nullopt : text::parse_number<std::uint64_t>(words[0]);
}

Result<std::uint64_t> parse_boot_time(std::string_view stat) {
  const auto rest = line_after(stat, "btime ");
  const auto seconds = rest ? text::parse_number<std::uint64_t>(*rest) : std::nullopt;
  if (!seconds) return fail(ErrorKind::DataLoss, "/proc/stat: no btime");
  return *seconds;
}

std::vector<pid_t> list_processes() {
  std::vector<pid_t> pids;
  std::error_code error;
  std::filesystem::directory_iterator at("/proc", error);
  for (; !error && at != std::filesystem::directory_iterator{}; at.increment(error)) {
    const auto pid = text::parse_number<pid_t>(at->path().filename().native());
    if (pid) pids.push_back(*pid);
  }
  return pids;
}

std::vector<pid_t> child_processes(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code error;
  std::filesystem::directory_iterator at(fmt::format("/proc/{}/task", pid), error);
  for (; !error && at != std::filesystem::directory_iterator{}; at.increment(error)) {
    const auto text = read_file((at->path() / "children").native());
    if (!text) continue;
    for (const std::string_view word : split_words(*text)) {
      if (const auto child = text::parse_number<pid_t>(word)) children.push_back(*child);
    }
  }
  return children;
}

bool has_environment_entry(pid_t pid, std::string_view entry) {
  return has_environment(pid, {std::string(entry)}).value_or(false);
}

std::optional<bool> has_environment(pid_t pid, const std::vector<std::string>& entries) {
  const auto environment = read_file(fmt::format("/proc/{}/environ", pid));
  if (!environment) return false;
  if (environment->empty()) return std::nullopt;
  return std::all_of(entries.begin(), entries.end(), [&](const std::string& entry) {
    // Entries end with a NUL each.
    std::string_view rest = *environment;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\0'), rest.size());
      if (rest.substr(0, end) == entry) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
  });
}

Result<std::string> boot_id() {
  HOLDFAST_TRY_ASSIGN(std::string id, read_file("/proc/sys/kernel/random/boot_id", 256));
  while (!id.empty() && id.back() == '\n')
    id.pop_back();
  return id;
}

std::int64_t process_started(pid_t pid) {
  const auto stat = read_process_stat(pid);
  return stat ? static_cast<std::int64_t>(stat->start_ticks) : 0;
}

bool process_alive(pid_t pid, std::int64_t started) {
  const auto stat = read_process_stat(pid);
  return stat && static_cast<std::int64_t>(stat->start_ticks) == started && !stat->dead();
}

}  // namespace holdfast
