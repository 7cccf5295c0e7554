// SPDX-License-Identifier: Apache-2.0
#include "common/os/proc.hpp"

#include "common/os/file.hpp"
#include "common/text/number.hpp"

namespace holdfast::store::sqlite {

namespace {

std::optional<ProcessStat> read_stat(pid_t pid) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
  return stat ? parse_process_stat(*stat) : std::nullopt;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view stat) {
  // The name in field 2 may hold spaces and parentheses: fields are counted from the last ')'.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= stat.size()) return std::nullopt;
  stat.remove_prefix(name_end + 2);
  ProcessStat result;
  result.state = stat.front();
  for (int field = 3; field < 22; ++field) {
    const std::size_t space = stat.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    stat.remove_prefix(space + 1);
  }
  const auto started = text::take_number<decltype(result.started)>(stat);
  if (!started) return std::nullopt;
  result.started = *started;
  return result;
}

Result<std::string> boot_id() {
  HOLDFAST_TRY_ASSIGN(std::string id, read_file("/proc/sys/kernel/random/boot_id", 256));
  while (!id.empty() && id.back() == '\n')
    id.pop_back();
  return id;
}

std::int64_t process_started(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat ? stat->started : 0;
}

bool process_alive(pid_t pid, std::int64_t started) {
  const auto stat = read_stat(pid);
  return stat && stat->started == started && stat->state != 'Z' && stat->state != 'X';
}

}  // namespace holdfast::store::sqlite
