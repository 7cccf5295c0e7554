// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/move.hpp"

#include "common/os/exit_codes.hpp"
#include "common/store/move/move.hpp"
#include "common/worker/configuration.hpp"
#include "common/worker/runtime.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>

namespace holdfast::queue {

namespace {

using std::chrono::steady_clock;

constexpr const char* kMoveUsage =
    "usage: holdfast-queue-worker move --from sqlite:///PATH [--to postgresql://USER@HOST/DATABASE]";

struct MoveArguments {
  std::string from;
  std::string to;
};

std::optional<MoveArguments> parse_move(std::span<const std::string_view> arguments) {
  MoveArguments parsed;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view name = arguments[i];
    std::optional<std::string_view> value;
    if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    if (!value || (name != "--from" && name != "--to")) return std::nullopt;
    (name == "--from" ? parsed.from : parsed.to) = *value;
  }
  if (parsed.from.empty()) return std::nullopt;
  return parsed;
}

// One line a second at most: a terminal is read, and a log is kept.
class ProgressLine {
 public:
  void operator()(const store::MoveProgress& progress) {
    if (steady_clock::now() < next_) return;
    next_ = steady_clock::now() + std::chrono::seconds(1);
    const bool copies = progress.step == store::MoveProgress::Step::Copying;
    fmt::print("{} {}: {} of {}\n", copies ? "copying" : "comparing", progress.table,
               progress.rows, progress.of);
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
  fmt::print("The file was not changed. Set DATABASE_URL, or store.url, to the new database and "
             "start Holdfast.\n");
}

int move_exit_code(const Error& error) {
  return error.kind == ErrorKind::Conflict ? exit_code::kFailed : worker::exit_code_of(error);
}

}  // namespace

int move(std::span<const std::string_view> arguments, const config::Environ& environ) {
  const auto parsed = parse_move(arguments);
  if (!parsed) {
    fmt::print(stderr, "{}\n", kMoveUsage);
    return exit_code::kUsage;
  }
  std::vector<notify::NamedFd> descriptors;
  const auto loaded = worker::read_configuration(descriptors, environ);
  if (!loaded) {
    fmt::print(stderr, "{}\n", config::format(loaded.error()));
    return exit_code::kConfig;
  }
  const std::string to = parsed->to.empty() ? store::store_url(loaded->config) : parsed->to;
  const auto report =
      store::move_store(parsed->from, to, store::open_options(loaded->config), ProgressLine());
  if (!report) {
    fmt::print(stderr, "holdfast-queue-worker move: {}\n", report.error().message);
    return move_exit_code(report.error());
  }
  print_report(*report);
  return exit_code::kOk;
}

}  // namespace holdfast::queue
