// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/store_commands.hpp"

#include "common/command_line/output.hpp"
#include "common/os/exit_codes.hpp"
#include "common/store/maintenance.hpp"
#include "common/text/terminal.hpp"
#include "common/worker/runtime.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace holdfast::queue {

namespace {

int failed(std::string_view command, const Error& error) {
  command_line::complain(fmt::format("{}: {}", command, error.message));
  switch (error.kind) {
    case ErrorKind::InvalidArgument: return exit_code::kUsage;
    case ErrorKind::Conflict:
    case ErrorKind::DataLoss: return exit_code::kFailed;
    default: return worker::exit_code_of(error);
  }
}

std::string counted(const store::CheckReport& report) {
  const std::size_t count = report.problems.size();
  return fmt::format("{} {}", count, count == 1 ? "problem" : "problems");
}

void print_problems(const store::CheckReport& report) {
  for (const store::Problem& problem : report.problems)
    fmt::print("  {}\n    {}\n", text::for_terminal(problem.what),
               text::for_terminal(problem.advice));
}

std::string contents(const store::CheckReport& report) {
  return fmt::format("{} documents, {} chunks, {} jobs", report.documents, report.chunks,
                     report.jobs);
}

int check(const Command& command, const std::string& url) {
  const auto report = store::check_store(url, command.directory);
  if (!report) return failed("check", report.error());
  if (report->problems.empty()) {
    fmt::print("{}: sound; {}\n", report->store, contents(*report));
    return exit_code::kOk;
  }
  fmt::print("{}: {}\n", report->store, counted(*report));
  print_problems(*report);
  return exit_code::kFailed;
}

int backup(const Command& command, const std::string& url) {
  const auto report = store::backup_store(url, command.file, command.force);
  if (!report) {
    const int code = failed("backup", report.error());
    if (report.error().kind == ErrorKind::Conflict) fmt::print(stderr, "--force replaces it\n");
    return code;
  }
  fmt::print("{}: {} bytes\n", command.file.native(), report->bytes);
  return exit_code::kOk;
}

int restore(const Command& command, const std::string& url) {
  const auto report = store::restore_store(url, command.file);
  if (!report) return failed("restore", report.error());
  if (!report->restored.problems.empty()) {
    fmt::print("{}: not restored; {}\n", command.file.native(), counted(report->restored));
    print_problems(report->restored);
    return exit_code::kFailed;
  }
  fmt::print("restored {}: {}\n", command.file.native(), contents(report->restored));
  if (!report->replaced.empty()) {
    fmt::print("what was there before is kept as {}\n", report->replaced.native());
  }
  fmt::print("start Holdfast: it brings the schema up to date if the backup is of an older one\n");
  return exit_code::kOk;
}

}  // namespace

int run_store_command(const Command& command, const std::string& url) {
  if (command.verb == CommandVerb::Backup) return backup(command, url);
  if (command.verb == CommandVerb::Restore) return restore(command, url);
  return check(command, url);
}

}  // namespace holdfast::queue
