// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/core_dump.hpp"

#include "common/os/file.hpp"
#include "common/text/ascii.hpp"

#include <fmt/format.h>

#include <string_view>

namespace holdfast::supervisor {

namespace {

constexpr std::size_t kNameLength = 15;  // of %e: TASK_COMM_LEN without the zero

std::string first_line(const char* file) {
  const auto text = read_file(file, 4096);
  return text ? std::string(text::trim(*text, text::kWhitespace)) : std::string();
}

std::string piped_to(std::string_view command, pid_t pid) {
  command = text::trim(command.substr(1), text::kWhitespace);
  const std::string_view program = command.substr(0, command.find(' '));
  if (program.ends_with("/systemd-coredump")) return fmt::format("coredumpctl info {}", pid);
  if (program.ends_with("/apport")) return "/var/crash, if apport keeps it";
  return fmt::format("given to {}", program);
}

}  // namespace

CorePattern kernel_core_pattern() {
  return {first_line("/proc/sys/kernel/core_pattern"),
          first_line("/proc/sys/kernel/core_uses_pid") == "1"};
}

std::string core_dump_place(const CorePattern& kernel, const DumpedProcess& process) {
  if (kernel.pattern.empty() && !kernel.with_pid) return {};
  if (kernel.pattern.starts_with('|')) return piped_to(kernel.pattern, process.pid);
  std::string path;
  bool has_pid = false;
  for (std::size_t i = 0; i < kernel.pattern.size(); ++i) {
    if (kernel.pattern[i] != '%') {
      path += kernel.pattern[i];
      continue;
    }
    if (++i == kernel.pattern.size()) break;  // the kernel drops a single % at the end
    switch (kernel.pattern[i]) {
      case '%': path += '%'; break;
      case 'p':
        has_pid = true;
        path += fmt::format("{}", process.pid);
        break;
      case 's': path += fmt::format("{}", process.signal); break;
      case 'e': path += process.name.substr(0, kNameLength); break;
      case 'f': path += process.name; break;
      case 'h': path += process.host; break;
      default: path += '*';
    }
  }
  if (path.empty()) path = "core";
  if (!has_pid && kernel.with_pid) path += fmt::format(".{}", process.pid);
  if (path.starts_with('/')) return path;
  return fmt::format("{}/{}", process.directory == "/" ? "" : process.directory, path);
}

}  // namespace holdfast::supervisor
