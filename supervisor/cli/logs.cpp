// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/logs.hpp"

#include "common/base/clock.hpp"
#include "common/config/slot_text.hpp"
#include "common/os/exit_codes.hpp"
#include "common/protocol/names.hpp"
#include "common/text/terminal.hpp"
#include "supervisor/cli/log_view.hpp"
#include "supervisor/logs/log_history.hpp"
#include "supervisor/logs/log_query.hpp"
#include "supervisor/logs/recent_lines.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <memory>
#include <vector>

namespace holdfast::supervisor::cli {

namespace {

using namespace std::chrono_literals;

// A waiting request is answered after this, with or without news.
constexpr int kWaitForLines = 20;
constexpr Duration kLinesDeadline = 40s;
constexpr int kLookAgainMs = 100;            // at files that grow
constexpr std::size_t kMostLines = 100'000;  // that the supervisor answers with

std::optional<log::Level> level_named(const std::string& name) {
  for (const log::Level level : {log::Level::Trace, log::Level::Debug, log::Level::Info,
                                 log::Level::Warn, log::Level::Error}) {
    if (log::to_string(level) == name) return level;
  }
  return std::nullopt;
}

Result<logs::LogQuery> query_of(const Arguments& arguments) {
  logs::LogQuery query;
  query.names = arguments.names;
  const WallTime now = SystemClock().wall();
  if (!arguments.since.empty()) {
    HOLDFAST_TRY_ASSIGN(query.since, logs::parse_moment(arguments.since, now));
  }
  if (!arguments.until.empty()) {
    HOLDFAST_TRY_ASSIGN(query.until, logs::parse_moment(arguments.until, now));
  }
  if (!arguments.level.empty()) query.level = level_named(arguments.level);
  if (!arguments.grep.empty()) {
    HOLDFAST_TRY_ASSIGN(text::Pattern pattern, text::Pattern::compile(arguments.grep));
    query.grep.emplace(std::move(pattern));
  }
  query.request_id = arguments.request_id;
  return query;
}

// Prints the lines that are wanted: at first only the last ones, if there is a limit.
class LogPrinter {
 public:
  LogPrinter(const Arguments& arguments, const logs::LogQuery& query)
      : query_(query),
        json_(arguments.json),
        terminal_(::isatty(STDOUT_FILENO) == 1),
        // Whoever asks for a time wants all of it.
        most_(arguments.log_lines   ? *arguments.log_lines
              : query.since.empty() ? kDefaultLines
                                    : std::numeric_limits<std::size_t>::max()) {}

  static constexpr std::size_t kDefaultLines = 50;
  std::size_t most() const { return most_; }

  void take(std::string_view line) {
    if (!query_.wants(line)) return;
    if (following_ || most_ == std::numeric_limits<std::size_t>::max()) return show(line);
    if (most_ == 0) return;
    if (last_.size() == most_) last_.pop_front();
    last_.emplace_back(line);
  }

  // From now on, lines are printed as they come.
  void show_last() {
    for (const std::string& line : last_)
      show(line);
    last_.clear();
    flush();
    following_ = true;
  }

  void flush() {
    if (!out_.empty()) print(out_);
    out_.clear();
  }

 private:
  void show(std::string_view line) {
    out_ +=
        json_ || !terminal_ ? text::for_terminal_line(line) + "\n" : readable_line(line, terminal_);
    constexpr std::size_t kPrintAt = 64 * 1024;
    if (out_.size() >= kPrintAt) flush();
  }

  const logs::LogQuery& query_;
  const bool json_;
  const bool terminal_;
  const std::size_t most_;
  bool following_ = false;
  std::deque<std::string> last_;
  std::string out_;
};

template <class Use>
void for_each_line_of(std::string_view text, Use&& use) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string number_of(const http::Response& response, std::string_view name) {
  const std::string* value = response.headers.find(name);
  return value == nullptr ? "0" : *value;
}

// What the supervisor has in memory.
int logs_in_memory(const AdminClient& client, const Arguments& arguments, logs::LogQuery query) {
  const std::string names = names_query(arguments.names);
  const std::string base = fmt::format("{}{}{}", protocol::kLogsPath, names.empty() ? "?" : names,
                                       names.empty() ? "" : "&");
  query.names.clear();  // the supervisor, which knows groups, chooses by name
  LogPrinter printer(arguments, query);
  const std::size_t wanted = query.filters() ? kMostLines : std::min(printer.most(), kMostLines);
  auto answer = client.ask("GET", fmt::format("{}lines={}", base, wanted));
  if (!answer) return unreachable(answer.error());
  if (answer->status != 200) return refused(*answer);
  for_each_line_of(answer->body, [&](std::string_view line) { printer.take(line); });
  printer.show_last();
  while (arguments.follow) {
    answer = client.ask(
        "GET",
        fmt::format("{}after={}&wait={}", base, number_of(*answer, "X-Log-Next"), kWaitForLines),
        kLinesDeadline);
    if (!answer) return unreachable(answer.error());
    if (answer->status != 200) return refused(*answer);
    if (const std::string missed = number_of(*answer, "X-Log-Missed"); missed != "0") {
      complain(fmt::format("{} bytes of log were skipped because they arrived too fast", missed));
    }
    for_each_line_of(answer->body, [&](std::string_view line) { printer.take(line); });
    printer.flush();
  }
  return exit_code::kOk;
}

// The programs that the names stand for; groups by their programs.
std::vector<std::string> with_groups(const config::Config& config,
                                     const std::vector<std::string>& names) {
  constexpr std::string_view kGroup = "group:";
  std::vector<std::string> result;
  for (const std::string& name : names) {
    if (!name.starts_with(kGroup)) {
      result.push_back(name);
      continue;
    }
    for (const config::Program& program : config.programs) {
      const auto& groups = program.groups;
      if (std::find(groups.begin(), groups.end(), name.substr(kGroup.size())) != groups.end())
        result.push_back(program.name);
    }
  }
  return result;
}

// The files of their own of the programs that were named; empty if one of them has none.
std::vector<std::filesystem::path> files_of_programs(const config::Config& config,
                                                     const std::vector<std::string>& names) {
  std::vector<std::filesystem::path> files;
  for (const config::Program& program : config.programs) {
    for (std::uint32_t slot = 0; slot < std::max(program.replicas, 1u); ++slot) {
      const std::string worker = fmt::format("{}.{}", program.name, slot);
      if (names.empty() || !logs::name_worker(names, worker)) continue;
      if (program.log_file.empty()) return {};
      std::filesystem::path file =
          config::expand_slot_names(program.log_file.native(), {worker, slot, program.port + slot});
      if (std::find(files.begin(), files.end(), file) == files.end())
        files.push_back(std::move(file));
    }
  }
  return files;
}

// Several files as one, by the time of their lines.
class LogFilesReader {
 public:
  void add(logs::LogHistory history) { sources_.push_back({std::move(history), {}, false}); }
  bool empty() const { return sources_.empty(); }

  template <class Use>
  void read(Use&& use) {
    for (;;) {
      Source* first = nullptr;
      for (Source& source : sources_) {
        if (!source.has_line) source.advance();
        if (!source.has_line) continue;
        if (first == nullptr ||
            logs::is_earlier(logs::time_of_line(source.line), logs::time_of_line(first->line)))
          first = &source;
      }
      if (first == nullptr) return;
      use(std::string_view(first->line));
      first->has_line = false;
    }
  }

 private:
  struct Source {
    logs::LogHistory history;
    std::string line;
    bool has_line;

    void advance() {
      const auto next = history.next();
      has_line = next.has_value();
      if (next) line.assign(*next);
    }
  };
  std::vector<Source> sources_;
};

int logs_in_files(LogFilesReader& files, const Arguments& arguments, const logs::LogQuery& query) {
  LogPrinter printer(arguments, query);
  files.read([&](std::string_view line) { printer.take(line); });
  printer.show_last();
  while (arguments.follow) {
    ::poll(nullptr, 0, kLookAgainMs);
    files.read([&](std::string_view line) { printer.take(line); });
    printer.flush();
  }
  return exit_code::kOk;
}

// The files that the query is about, if all of them can be read.
LogFilesReader open_files(const config::Config& config, const std::vector<std::string>& names) {
  std::vector<std::filesystem::path> files;
  if (!config.log.file.empty()) {
    files.push_back(config.log.file);
  } else {
    files = files_of_programs(config, names);
  }
  LogFilesReader reader;
  for (const std::filesystem::path& file : files) {
    auto history = logs::LogHistory::open(file, true);
    if (history) {
      reader.add(std::move(*history));
    } else if (history.error().kind != ErrorKind::NotFound) {
      complain(history.error().message + "; showing what the supervisor has in memory");
      return {};
    }
  }
  return reader;
}

}  // namespace

int run_logs(const Arguments& arguments, const std::optional<std::filesystem::path>& config_file,
             const config::Environ& environ, const std::filesystem::path& runtime_dir) {
  auto query = query_of(arguments);
  if (!query) {
    complain(query.error().message);
    return exit_code::kUsage;
  }
  const AdminClient client(runtime_dir);
  if (!query->filters()) return logs_in_memory(client, arguments, std::move(*query));
  // The supervisor knows which names there are; without it, whatever is in the files is shown.
  if (const std::string names = names_query(arguments.names); !names.empty()) {
    const auto known = client.ask("GET", fmt::format("{}{}&lines=0", protocol::kLogsPath, names));
    if (known && known->status != 200) return refused(*known);
  }
  const auto loaded = config::load(config_file, environ, Pipes::Read);
  if (loaded) {
    std::vector<std::string> names = with_groups(loaded->config, query->names);
    LogFilesReader files = open_files(loaded->config, names);
    if (!files.empty()) {
      query->names = std::move(names);
      return logs_in_files(files, arguments, *query);
    }
  }
  return logs_in_memory(client, arguments, std::move(*query));
}

}  // namespace holdfast::supervisor::cli
