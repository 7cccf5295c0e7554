// SPDX-License-Identifier: Apache-2.0
// holdfast-queue-worker: embeds documents; with a command, it looks after the store and the queue.

#include "common/command_line/output.hpp"
#include "common/os/exit_codes.hpp"
#include "common/os/fd.hpp"
#include "common/worker/runtime.hpp"
#include "queue-worker/commands.hpp"
#include "queue-worker/jobs/service.hpp"

#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <string_view>
#include <vector>

namespace {

constexpr const char* kName = "holdfast-queue-worker";

void print_help() {
  fmt::print(
      "{0}: the queue worker of the Holdfast stack. `holdfast run` starts it; it can also run "
      "alone.\n\n"
      "  {0}                      work until SIGTERM: claim jobs, chunk and embed documents\n"
      "  {0} migrate [--status]   bring the store's schema up to date, or say what is pending\n"
      "  {0} check                check that the database is sound (SQLite)\n"
      "  {0} backup FILE          copy the database, while it is in use (SQLite)\n"
      "  {0} restore FILE         put a backup in the place of the database (SQLite)\n"
      "  {0} move --from URL      copy everything of a SQLite file into a PostgreSQL database\n"
      "  {0} jobs COMMAND         list, show, retry, cancel, discard, pause, resume jobs\n"
      "  {0} completion SHELL     print a completion script for bash, zsh or fish\n"
      "  {0} --version            print the version\n\n"
      "Commands: each has a --help of its own.\n"
      "Configuration: from the supervisor; alone, the file that HOLDFAST_CONFIG names, or "
      "/etc/holdfast/holdfast.toml, and the environment.\n"
      "Exit codes: 0 drained or done, 1 failed, or problems were found, 2 usage, 3 migrations are "
      "pending (--status), 69 the store cannot be used, or is in use, 70 failed, 78 wrong "
      "configuration.\n",
      kName);
}

int run_command(int argc, char** argv) {
  const auto parsed = holdfast::queue::parse_command(argc, argv);
  if (!parsed.command) return parsed.exit_code;
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return holdfast::queue::run_command(*parsed.command, holdfast::config::environ_of_process());
  } catch (const std::exception& error) {
    holdfast::command_line::complain(fmt::format("{}: {}", kName, error.what()));
    return holdfast::exit_code::kSoftware;
  }
}

}  // namespace

int main(int argc, char** argv) {
  holdfast::open_missing_standard_descriptors();
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "--help" || first == "-h") {
    print_help();
    return holdfast::command_line::finish_output(kName, 0);
  }
  if (holdfast::queue::is_command(first)) {
    return holdfast::command_line::finish_output(kName, run_command(argc, argv));
  }
  return holdfast::worker::run_worker(argc, argv, kName, holdfast::queue::make_service);
}
