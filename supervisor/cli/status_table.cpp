// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/status_table.hpp"

#include "common/base/duration.hpp"
#include "common/text/terminal.hpp"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <array>
#include <vector>

namespace holdfast::supervisor::cli {

namespace {

using nlohmann::json;

constexpr std::size_t kColumns = 9;
constexpr std::array<std::string_view, kColumns> kTitles{
    "WORKER", "STATE", "PID", "UPTIME", "RESTARTS", "MEMORY", "CPU", "LAST EXIT", "NOTE"};
constexpr std::array<bool, kColumns> kRightAligned{false, false, true,  true, true,
                                                   true,  true,  false, false};

using Row = std::array<std::string, kColumns>;

std::string short_time(double seconds) {
  const auto s = static_cast<std::int64_t>(seconds);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86400, s / 3600 % 24);
}

// "next run 2026-11-30 03:00:00Z", for a program with a schedule.
std::string next_run_of(const json& program) {
  std::string at = program.value("schedule", json::object()).value("next_run_at", "");
  if (at.size() < 19) return {};
  at.resize(19);
  at[10] = ' ';
  return "next run " + at + "Z";
}

std::string note_of(const json& worker, const std::string& next_run) {
  if (worker.contains("retry_in_seconds")) {
    const std::string when =
        fmt::format("retry in {:.1f}s", worker["retry_in_seconds"].get<double>());
    return worker.contains("last_error")
               ? fmt::format("{}; {}", when, worker.value("last_error", ""))
               : when;
  }
  if (worker.contains("retiring")) return "being replaced";
  if (worker.value("crash_looping", false) && worker.value("state", "") == "ready")
    return "was in a crash loop; counts as healed once it stays ready";
  if (worker.value("state", "") == "failed") {
    const std::string error = worker.value("last_error", "");
    return error.empty() || next_run.empty() ? error + next_run : error + "; " + next_run;
  }
  const std::string status = worker.value("status", "");
  // Of one that is starting: why it is not ready yet.
  if (!status.empty()) return status;
  const std::string error = worker.value("last_error", "");
  if (!error.empty()) return error;
  if (!next_run.empty()) return next_run;
  const std::string log_file = worker.value("log_file", "");
  return log_file.empty() ? "" : "log: " + log_file;
}

Row row_of(const json& worker, const std::string& next_run) {
  const bool running = worker.contains("pid");
  Row row;
  row[0] = worker.value("name", "?");
  row[1] = worker.value("state", "?");
  row[2] = running ? std::to_string(worker["pid"].get<std::int64_t>()) : "-";
  row[3] = running ? short_time(worker.value("uptime_seconds", 0.0)) : "-";
  row[4] = std::to_string(worker.value("restarts", std::uint64_t{0}));
  row[5] = worker.contains("memory_bytes")
               ? format_bytes(worker["memory_bytes"].get<std::uint64_t>())
               : "-";
  row[6] = worker.contains("cpu_percent")
               ? fmt::format("{:.1f}%", worker["cpu_percent"].get<double>())
               : "-";
  row[7] = worker.contains("last_exit") ? worker["last_exit"].value("text", "-") : "-";
  row[8] = note_of(worker, next_run);
  for (std::string& cell : row)
    cell = text::for_terminal_line(cell);
  return row;
}

// A program with 0 replicas is there, and waits to be scaled.
Row row_without_workers(const json& program) {
  Row row;
  row.fill("-");
  row[0] = program.value("name", "?");
  row[1] = "off";
  row[kColumns - 1] = "0 replicas";
  return row;
}

// "not enforced by the kernel: web (memory_max): no cgroup was delegated (…)"
std::string unenforced_limits(const json& status) {
  const json cgroups = status.value("cgroups", json::object());
  if (!cgroups.contains("not_enforced")) return {};
  std::string programs;
  for (const auto& [name, keys] : cgroups["not_enforced"].items()) {
    programs += fmt::format("{}{} ({})", programs.empty() ? "" : ", ", name,
                            fmt::join(keys.get<std::vector<std::string>>(), ", "));
  }
  return fmt::format("not enforced by the kernel: {}: {}\n", programs,
                     cgroups.value("why_not", "no such controller is delegated"));
}

// "watch of web: /srv/web is no directory", and so on
std::string watch_problems(const json& status) {
  std::string out;
  for (const json& program : status["programs"]) {
    const std::string problem = program.value("watch", json::object()).value("problem", "");
    if (!problem.empty())
      out += fmt::format("watch of {}: {}\n", program.value("name", "?"), problem);
  }
  return out;
}

// What keeps workers from the database; else "". No state of a program shows it.
std::string store_outage_of(const json& status) {
  for (const json& alert : status.value("alerts", json::array())) {
    if (alert.value("name", "") == "HoldfastStoreUnavailable") return alert.value("summary", "");
  }
  return {};
}

// What the table cannot show: the last reload, and what runs otherwise than the file says.
std::string remarks_of(const json& status) {
  std::string out;
  // A file is what one expects.
  const json store = status.value("store", json::object());
  if (const std::string engine = store.value("engine", "sqlite"); engine != "sqlite") {
    out += fmt::format("store: {} {}\n", engine, store.value("database", "?"));
  }
  if (const std::string outage = store_outage_of(status); !outage.empty()) {
    out += fmt::format("store: {}; `holdfast logs` says why\n", outage);
  }
  if (status.value("reloading", false)) out += "a reload is under way\n";
  const std::string error = status.value("last_reload_error", "");
  if (!error.empty()) out += fmt::format("last reload: {}\n", error.substr(0, error.find('\n')));
  const json levels = status.value("log_levels", json::object());
  for (const auto& [name, level] : levels.items())
    out += fmt::format("log level of {}: {}, until the next reload\n", name,
                       level.is_string() ? level.get<std::string>() : "?");
  std::string differ;
  for (const json& program : status["programs"]) {
    const auto keys = program.value("differs", std::vector<std::string>());
    if (keys.empty()) continue;
    differ += fmt::format("{}{} ({})", differ.empty() ? "" : ", ", program.value("name", "?"),
                          fmt::join(keys, ", "));
  }
  out += unenforced_limits(status);
  out += watch_problems(status);
  const bool said = error.find(differ) != std::string::npos;
  if (!differ.empty() && !said) out += fmt::format("what runs differs from the file: {}\n", differ);
  return out;
}

std::string_view colour_of(std::string_view state) {
  if (state == "ready" || state == "done") return "\033[32m";
  if (state == "starting" || state == "stopping" || state == "backoff") return "\033[33m";
  if (state == "crash_loop" || state == "unhealthy" || state == "failed") return "\033[31m";
  return "\033[2m";
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width > text.size() ? width - text.size() : 0, ' ');
  return right ? space + text : text + space;
}

std::string draw(const std::vector<Row>& rows, bool colour) {
  std::array<std::size_t, kColumns> widths{};
  for (std::size_t c = 0; c < kColumns; ++c) {
    widths[c] = kTitles[c].size();
    for (const Row& row : rows)
      widths[c] = std::max(widths[c], row[c].size());
  }
  std::string out;
  const auto line = [&](const Row& row, bool title) {
    std::string text;
    for (std::size_t c = 0; c < kColumns; ++c) {
      std::string cell = padded(row[c], widths[c], kRightAligned[c]);
      if (colour && !title && c == 1) cell = fmt::format("{}{}\033[0m", colour_of(row[c]), cell);
      text += cell;
      if (c + 1 < kColumns) text += "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + '\n';
  };
  Row titles;
  for (std::size_t c = 0; c < kColumns; ++c)
    titles[c] = kTitles[c];
  line(titles, true);
  for (const Row& row : rows)
    line(row, false);
  return out;
}

}  // namespace

Result<std::string> status_table(const std::string& text, bool colour) {
  const json status = json::parse(text, nullptr, false);
  if (!status.is_object() || !status.contains("programs")) {
    return fail(ErrorKind::DataLoss, "the supervisor sent an invalid status");
  }
  std::vector<Row> rows;
  for (const json& program : status["programs"]) {
    for (const json& worker : program["workers"])
      rows.push_back(row_of(worker, next_run_of(program)));
    if (program["workers"].empty()) rows.push_back(row_without_workers(program));
  }
  return fmt::format("holdfast {}: {}, pid {}, up {}\n{}\n{}", status.value("version", "?"),
                     status.value("state", "?"), status.value("pid", std::int64_t{0}),
                     short_time(status.value("uptime_seconds", 0.0)),
                     text::for_terminal(remarks_of(status)), draw(rows, colour));
}

bool status_is_healthy(const std::string& text) {
  const json status = json::parse(text, nullptr, false);
  return status.is_object() && status.value("state", "") == "ready" &&
         store_outage_of(status).empty();
}

}  // namespace holdfast::supervisor::cli
