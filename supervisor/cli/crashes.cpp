// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/crashes.hpp"

#include "common/base/duration.hpp"
#include "common/os/exit_codes.hpp"
#include "common/protocol/names.hpp"
#include "common/text/ascii.hpp"
#include "common/text/terminal.hpp"
#include "common/text/utf8.hpp"
#include "supervisor/state/crash_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

namespace holdfast::supervisor::cli {

namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json list_of(const json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_array() ? *found : json::array();
}

std::string line_of(const json& value) {
  return text::for_terminal_line(value.is_string() ? value.get<std::string>() : value.dump());
}

// "1.2s" for a person, of a number of seconds.
std::string seconds_text(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number()) return {};
  const double seconds = std::clamp(found->get<double>(), 0.0, 1e9);
  if (seconds < 10) return fmt::format("{:.1f}s", seconds);
  return format_duration(std::chrono::seconds(std::llround(seconds)));
}

class Page {
 public:
  void fact(std::string_view name, std::string_view value) {
    if (!value.empty())
      text_ += fmt::format("{:<13}{}\n", name, text::for_terminal_line(std::string(value)));
  }
  void heading(std::string_view name) { text_ += fmt::format("\n{}\n", name); }
  void item(std::string_view line) { text_ += fmt::format("  {}\n", line); }
  void lines(std::string_view name, const json& list) {
    if (list.empty()) return;
    heading(name);
    for (const json& line : list)
      item(line_of(line));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_in_flight(Page& page, const json& report) {
  const json in_flight = list_of(report, "in_flight");
  if (in_flight.empty()) return;
  page.heading("What it was at");
  for (const json& one : in_flight) {
    const std::string id = text_of(one, "id");
    page.item(text::for_terminal_line(
        fmt::format("{} {}{}, for {}", text_of(one, "kind"), text_of(one, "what"),
                    id.empty() ? "" : ", request id " + id, seconds_text(one, "age_seconds"))));
  }
  if (const auto more = report.find("in_flight_unlisted"); more != report.end())
    page.item(fmt::format("and {} more", more->dump()));
}

void add_threads(Page& page, const json& report) {
  for (const json& thread : list_of(report, "threads"))
    page.lines("Thread " + text::for_terminal_line(text_of(thread, "thread")),
               list_of(thread, "frames"));
}

// The body of a good answer; else complains, and sets the exit code.
std::optional<std::string> fetch(const AdminClient& client, const std::string& target,
                                 int& exit_code) {
  auto answer = client.ask("GET", target);
  if (!answer) {
    exit_code = unreachable(answer.error());
    return std::nullopt;
  }
  if (answer->status == 200) return std::move(answer->body);
  exit_code = refused(*answer);
  return std::nullopt;
}

int show(const std::string& body, bool as_json, std::string (*shown)(const json&)) {
  if (as_json) {
    print(text::for_terminal(text::trim(body, text::kWhitespace)) + "\n");
    return exit_code::kOk;
  }
  const json parsed = json::parse(body, nullptr, false);
  if (!parsed.is_object()) {
    complain("the supervisor's answer is not JSON: is it of another version?");
    return exit_code::kFailed;
  }
  print(shown(parsed));
  return exit_code::kOk;
}

}  // namespace

std::string crash_table(const json& answer) {
  const json crashes = list_of(answer, "crashes");
  if (crashes.empty()) return "no crash report is kept\n";
  std::size_t width = 6;
  for (const json& crash : crashes)
    width = std::max(width, text::count_code_points(text_of(crash, "worker")));
  std::string out = fmt::format("{:<24}  {:<24}  {:<{}}  CAUSE\n", "ID", "TIME", "WORKER", width);
  for (const json& crash : crashes) {
    std::string cause = text_of(crash, "summary");
    if (const std::string type = text_of(crash, "error_type"); !type.empty()) cause += ", " + type;
    if (const json stack = list_of(crash, "stack"); !stack.empty() && stack.front().is_string())
      cause += " in " + stack.front().get<std::string>();
    out += text::for_terminal_line(fmt::format("{:<24}  {:<24}  {:<{}}  {}", text_of(crash, "id"),
                                               text_of(crash, "time"), text_of(crash, "worker"),
                                               width, cause)) +
           "\n";
  }
  return out;
}

std::string crash_page(const json& report) {
  Page page;
  page.fact("crash", text_of(report, "id"));
  page.fact("time", text_of(report, "time"));
  page.fact("worker", fmt::format("{} (incarnation {}{})", text_of(report, "worker"),
                                  report.value("incarnation", json(0)).dump(),
                                  report.contains("pid") ? ", pid " + report["pid"].dump() : ""));
  page.fact("host", text_of(report, "host"));
  page.fact("version", text_of(report, "version"));
  page.fact("event", text_of(report, "kind"));
  page.fact("cause", text_of(report, "summary"));
  if (const auto error = report.find("error"); error != report.end() && error->is_object()) {
    const std::string type = text_of(*error, "type");
    const std::string message = text_of(*error, "message");
    page.fact("error", type + (type.empty() || message.empty() ? "" : ": ") + message);
  }
  page.fact("memory", text_of(report, "oom"));
  if (const auto count = report.find("restarts_in_hour"); count != report.end())
    page.fact("in the hour",
              *count == 1 ? "its only unplanned end" : count->dump() + " unplanned ends");
  page.fact("next try", text_of(report, "next_try"));
  page.fact("core dump", text_of(report, "core_dump"));
  const json threads = list_of(report, "threads");
  if (threads.empty()) page.lines("Stack", list_of(report, "stack"));
  add_threads(page, report);
  add_in_flight(page, report);
  page.lines("Request ids of its error lines", list_of(report, "request_ids"));
  page.lines("Last lines", list_of(report, "last_lines"));
  return page.take();
}

int list_crashes(const AdminClient& client, const Arguments& arguments) {
  const std::string names = names_query(arguments.names);
  const std::string target = fmt::format("{}{}{}limit={}", protocol::kCrashesPath, names,
                                         names.empty() ? '?' : '&', arguments.lines);
  int exit_code = exit_code::kOk;
  const auto body = fetch(client, target, exit_code);
  return body ? show(*body, arguments.json, crash_table) : exit_code;
}

int show_crash(const AdminClient& client, const Arguments& arguments) {
  if (arguments.name != "latest" && !is_crash_id(arguments.name)) {
    complain(fmt::format("there is no crash report '{}': 'holdfast crashes' lists them",
                         text::for_terminal_line(arguments.name)));
    return exit_code::kUsage;
  }
  const std::string target =
      fmt::format("{}/{}{}", protocol::kCrashesPath, query_escaped(arguments.name),
                  names_query(arguments.names));
  int exit_code = exit_code::kOk;
  const auto body = fetch(client, target, exit_code);
  return body ? show(*body, arguments.json, crash_page) : exit_code;
}

}  // namespace holdfast::supervisor::cli
