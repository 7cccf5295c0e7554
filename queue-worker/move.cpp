// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/move.hpp"

#include "common/command_line/output.hpp"
#include "common/os/exit_codes.hpp"
#include "common/store/move/move.hpp"
#include "common/store/store.hpp"
#include "common/worker/runtime.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

namespace holdfast::queue {

namespace {

using std::chrono::steady_clock;

// One line a second at most: a terminal is read, and a log is kept.
class ProgressLine {
 public:
  void operator()(const store::MoveProgress& progress) {
    if (steady_clock::now() < next_) return;
    next_ = steady_clock::now() + std::chrono::seconds(1);
    const bool copies = progress.step == store::MoveProgress::Step::Copying;
    fmt::print("{} {}: {} of {}\n", copies ? "copying" : "comparing", progress.table, progress.rows,
               progress.of);
    std::fflush(stdout);
  }

 private:
  steady_clock::time_point next_ = steady_clock::now() + std::chrono::seconds(1);
};

void print_report(const store::MoveReport& report) {
  if (report.already) {
    fmt::print("{} was moved to {} before; nothing was changed\n", report.from, report.to);
    return;
  }
  fmt::print("moved {} to {}{}\n", report.from, report.to,
             report.resumed ? ", where an earlier move had begun" : "");
  for (const store::MovedTable& table : report.tables)
    fmt::print("  {:<18} {:>10} rows, checksum {:015x}\n", table.name, table.rows, table.checksum);
  if (report.changed_text > 0) {
    fmt::print("  {} texts had characters that PostgreSQL cannot store: replaced by U+FFFD\n",
               report.changed_text);
  }
  fmt::print("searches by vector: {}\n", report.vector_search);
  fmt::print(
      "The file was not changed. Set DATABASE_URL, or store.url, to the new database and "
      "start Holdfast.\n");
}

int move_exit_code(const Error& error) {
  switch (error.kind) {
    case ErrorKind::InvalidArgument: return exit_code::kUsage;
    case ErrorKind::Unstorable:
    case ErrorKind::Conflict:
    case ErrorKind::DataLoss: return exit_code::kFailed;
    default: return worker::exit_code_of(error);
  }
}

}  // namespace

int run_move(const Command& command, const config::Config& config) {
  const std::string to = command.to.empty() ? store::store_url(config) : command.to;
  const auto report =
      store::move_store(command.from, to, store::open_options(config), ProgressLine());
  if (!report) {
    command_line::complain("move: " + report.error().message);
    return move_exit_code(report.error());
  }
  print_report(*report);
  return exit_code::kOk;
}

}  // namespace holdfast::queue
