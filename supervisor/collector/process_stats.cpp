// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/process_stats.hpp"

#include "common/os/file.hpp"
#include "common/os/proc.hpp"
#include "common/text/number.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace holdfast::supervisor::collector {
namespace {

std::optional<std::uint64_t> count_entries(const std::filesystem::path& directory) {
  std::error_code error;
  std::uint64_t count = 0;
  std::filesystem::directory_iterator at(directory, error);
  for (; !error && at != std::filesystem::directory_iterator{}; at.increment(error))
    ++count;
  if (error) return std::nullopt;
  return count;
}

}  // namespace

Result<HostFacts> read_host_facts() {
  HOLDFAST_TRY_ASSIGN(const std::string text, read_file("/proc/stat"));
  HostFacts facts;
  HOLDFAST_TRY_ASSIGN(facts.boot_time_seconds, parse_boot_time(text));
  facts.ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  facts.page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return facts;
}

Result<std::uint64_t> read_pss(pid_t pid) {
  HOLDFAST_TRY_ASSIGN(const std::string text, read_file(fmt::format("/proc/{}/smaps_rollup", pid)));
  constexpr std::string_view kKey = "\nPss:";
  const std::size_t at = text.find(kKey);
  if (at == std::string::npos) return fail(ErrorKind::DataLoss, "smaps_rollup has no Pss");
  std::string_view rest = std::string_view(text).substr(at + kKey.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const auto kibibytes = text::take_number<std::uint64_t>(rest);
  if (!kibibytes) return fail(ErrorKind::DataLoss, "the Pss of smaps_rollup is no number");
  return *kibibytes * 1024;
}

Result<ProcessStats> read_process_stats(pid_t pid, const HostFacts& host, Detail detail) {
  HOLDFAST_TRY_ASSIGN(const ProcessStat stat, read_process_stat(pid));

  const auto ticks_per_second = static_cast<double>(host.ticks_per_second);
  ProcessStats out;
  out.cpu_seconds = static_cast<double>(stat.user_ticks + stat.kernel_ticks) / ticks_per_second;
  out.resident_bytes = stat.resident_pages * host.page_bytes;
  out.virtual_bytes = stat.virtual_bytes;
  out.threads = stat.threads;
  out.start_time_seconds = static_cast<double>(host.boot_time_seconds) +
                           static_cast<double>(stat.start_ticks) / ticks_per_second;
  if (detail == Detail::Usage) return out;
  const std::filesystem::path base = fmt::format("/proc/{}", pid);
  out.open_fds = count_entries(base / "fd");
  if (const auto limits = read_file(base / "limits")) out.max_fds = parse_max_open_files(*limits);
  return out;
}

}  // namespace holdfast::supervisor::collector
