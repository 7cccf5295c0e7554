// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the kernel has put the core dump of a process, as core(5) says: a file by a pattern, or the
// standard input of a program such as systemd-coredump.
//
// Threads: any. core_dump_place() is pure; kernel_core_pattern() reads /proc/sys.

#include <sys/types.h>

#include <string>

namespace holdfast::supervisor {

struct CorePattern {
  std::string pattern;    // kernel.core_pattern
  bool with_pid = false;  // kernel.core_uses_pid
};
CorePattern kernel_core_pattern();

struct DumpedProcess {
  pid_t pid = 0;
  int signal = 0;
  std::string name;       // of the executable, without its directory
  std::string directory;  // that it ran in
  std::string host;
};

// A path, or a command that finds it. What is not known of the process is a '*' in the path. Empty
// if the kernel keeps none.
std::string core_dump_place(const CorePattern& kernel, const DumpedProcess& process);

}  // namespace holdfast::supervisor
