// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/process_stats.hpp"

#include "common/os/file.hpp"
#include "common/text/number.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

namespace holdfast::supervisor::collector {
namespace {

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(" \t\n", at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(" \t\n", at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
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

std::optional<std::uint64_t> count_entries(const std::filesystem::path& directory) {
  std::error_code error;
  std::uint64_t count = 0;
  std::filesystem::directory_iterator at(directory, error);
  for (; !error && at != std::filesystem::directory_iterator{}; at.increment(error))
    ++count;
  if (error) return std::nullopt;
  return count;
}

Error as_process_error(Error error, pid_t pid) {
  const bool gone = error.os_error == ENOENT || error.os_error == ESRCH;
  if (gone) error.kind = ErrorKind::NotFound;
  return error.with_context(fmt::format("process {}", pid));
}

}  // namespace

Result<StatFields> parse_stat(std::string_view text) {
  // The name may hold spaces and parentheses; nothing after the last one does.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) {
    return fail(ErrorKind::DataLoss, "stat: no process name");
  }
  const auto fields = words(text.substr(name_end + 1));  // fields[0] is field 3 of proc(5)
  const auto field = [&](std::size_t number_in_manual) -> std::optional<std::uint64_t> {
    const std::size_t at = number_in_manual - 3;
    return at < fields.size() ? text::parse_number<std::uint64_t>(fields[at]) : std::nullopt;
  };
  const auto user = field(14);
  const auto kernel = field(15);
  const auto threads = field(20);
  const auto start = field(22);
  const auto size = field(23);
  const auto resident = field(24);
  if (!user || !kernel || !threads || !start || !size || !resident) {
    return fail(ErrorKind::DataLoss, "stat: a field is missing or not a number");
  }
  return StatFields{*user, *kernel, *threads, *start, *size, *resident};
}

std::optional<std::uint64_t> parse_max_open_files(std::string_view text) {
  const auto rest = line_after(text, "Max open files");
  if (!rest) return std::nullopt;
  const auto fields = words(*rest);
  return fields.empty() ? std::nullopt : text::parse_number<std::uint64_t>(fields[0]);
}

Result<std::uint64_t> parse_boot_time(std::string_view text) {
  const auto rest = line_after(text, "btime ");
  const auto seconds = rest ? text::parse_number<std::uint64_t>(*rest) : std::nullopt;
  if (!seconds) return fail(ErrorKind::DataLoss, "/proc/stat: no btime");
  return *seconds;
}

Result<HostFacts> read_host_facts() {
  HOLDFAST_TRY_ASSIGN(const std::string text, read_file("/proc/stat"));
  HostFacts facts;
  HOLDFAST_TRY_ASSIGN(facts.boot_time_seconds, parse_boot_time(text));
  facts.ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  facts.page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return facts;
}

Result<ProcessStats> read_process_stats(pid_t pid, const HostFacts& host, Detail detail) {
  const std::filesystem::path base = fmt::format("/proc/{}", pid);
  const auto stat_text = read_file(base / "stat");
  if (!stat_text) return fail(as_process_error(stat_text.error(), pid));
  HOLDFAST_TRY_ASSIGN(const StatFields stat, parse_stat(*stat_text));

  const auto ticks_per_second = static_cast<double>(host.ticks_per_second);
  ProcessStats out;
  out.cpu_seconds = static_cast<double>(stat.user_ticks + stat.kernel_ticks) / ticks_per_second;
  out.resident_bytes = stat.resident_pages * host.page_bytes;
  out.virtual_bytes = stat.virtual_bytes;
  out.threads = stat.threads;
  out.start_time_seconds = static_cast<double>(host.boot_time_seconds) +
                           static_cast<double>(stat.start_ticks) / ticks_per_second;
  if (detail == Detail::Usage) return out;
  out.open_fds = count_entries(base / "fd");
  if (const auto limits = read_file(base / "limits")) out.max_fds = parse_max_open_files(*limits);
  return out;
}

}  // namespace holdfast::supervisor::collector
