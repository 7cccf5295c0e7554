// SPDX-License-Identifier: Apache-2.0
// holdfast: the supervisor and its command line in one binary.
#include "common/base/version.hpp"
#include "common/command_line/output.hpp"
#include "common/config/load.hpp"
#include "common/os/exit_codes.hpp"
#include "common/os/fd.hpp"
#include "common/os/file.hpp"
#include "supervisor/cli/api_key.hpp"
#include "supervisor/cli/arguments.hpp"
#include "supervisor/cli/client.hpp"
#include "supervisor/cli/config_diff.hpp"
#include "supervisor/cli/import.hpp"
#include "supervisor/cli/logs.hpp"
#include "supervisor/cli/notify.hpp"
#include "supervisor/daemon/check_config.hpp"
#include "supervisor/daemon/daemon.hpp"
#include "supervisor/process/guardian.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <string_view>

namespace {

using namespace holdfast;
using namespace holdfast::supervisor;

// Long answers with metrics, and the aggregate itself, go back to the kernel when they are freed.
// Left to itself, glibc keeps blocks of up to 32 MiB once one of their size was freed.
void give_large_blocks_back() {
  constexpr int kLargeBlock = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLargeBlock);
  ::mallopt(M_TRIM_THRESHOLD, 4 * kLargeBlock);
}

int run(const cli::Arguments& arguments) {
  if (arguments.verb == cli::Verb::Version) {
    fmt::print("holdfast {}\n", kVersion);
    return exit_code::kOk;
  }
  if (arguments.verb == cli::Verb::Completion) {
    fmt::print("{}", completion::script(completion::shell_by_name(arguments.shell).value(),
                                        cli::command_line_spec()));
    return exit_code::kOk;
  }
  if (arguments.verb == cli::Verb::Import) return cli::run_import(arguments);
  const config::Environ environ = config::environ_of_process();
  if (arguments.verb == cli::Verb::Notify) return cli::run_notify(arguments.assignments, environ);
  const auto file = config::find_file(arguments.config, environ);
  if (arguments.verb == cli::Verb::Run) {
    give_large_blocks_back();
    return daemon::run_supervisor(file, environ, arguments.watch);
  }
  if (arguments.verb == cli::Verb::CheckConfig && !arguments.diff)
    return daemon::check_config(file, environ);
  if (cli::is_api_key_verb(arguments.verb)) return cli::run_api_key(arguments, file, environ);

  // A relative path is relative to the current directory.
  const auto runtime_dir = absolute_path(config::find_runtime_dir(file, environ));
  if (arguments.verb == cli::Verb::CheckConfig)
    return cli::run_config_diff(file, environ, runtime_dir);
  if (arguments.verb == cli::Verb::Logs)
    return cli::run_logs(arguments, file, environ, runtime_dir);
  return cli::run_client(arguments, runtime_dir);
}

}  // namespace

int main(int argc, char** argv) {
  open_missing_standard_descriptors();
  if (argc > 0 && std::string_view(argv[0]) == process::kGuardianName)
    return process::guard(argc, argv);
  const cli::Parsed parsed = cli::parse_arguments(argc, argv);
  if (!parsed.arguments) return command_line::finish_output("holdfast", parsed.exit_code);
  try {
    return command_line::finish_output("holdfast", run(*parsed.arguments));
  } catch (const std::exception& error) {
    command_line::complain(fmt::format("holdfast: {}", error.what()));
    return exit_code::kSoftware;
  }
}
