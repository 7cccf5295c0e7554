// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/crash_facts.hpp"

#include "common/log/redact.hpp"
#include "common/text/parse_json.hpp"
#include "common/text/utf8.hpp"
#include "supervisor/engine/crash_stack.hpp"
#include "supervisor/engine/foreign_stack.hpp"
#include "supervisor/logs/error_reader.hpp"
#include "supervisor/logs/foreign_object.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace holdfast::supervisor {

namespace {

using nlohmann::json;

constexpr std::size_t kMostLines = 20;
constexpr std::size_t kLongestLine = 2048;
constexpr std::size_t kLongestFrame = 400;
constexpr std::size_t kMostFrames = 64;
constexpr std::size_t kMostThreads = 64;
constexpr std::size_t kLongestMessage = 2048;
constexpr std::size_t kMostIds = 20;
constexpr std::size_t kLongestId = 128;

std::string cut(std::string_view text, std::size_t most) {
  const std::string_view kept = text::truncate_utf8(text, most);
  return kept.size() == text.size() ? std::string(kept) : std::string(kept) + "…";
}

std::string masked(std::string_view text, std::size_t most) {
  return cut(log::redact_text(text), most);
}

std::vector<std::string> cut_frames(const std::vector<std::string>& frames) {
  std::vector<std::string> result;
  for (const std::string& frame : frames) {
    if (result.size() == kMostFrames) break;
    result.push_back(masked(frame, kLongestFrame));
  }
  return result;
}

std::vector<ThreadStack> cut_threads(const std::vector<ThreadStack>& threads) {
  std::vector<ThreadStack> result;
  for (const ThreadStack& thread : threads) {
    if (result.size() == kMostThreads) break;
    result.push_back({cut(thread.thread, kLongestFrame), cut_frames(thread.frames)});
  }
  return result;
}

std::string text_at(const json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = object.find(name);
    if (found != object.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

void add_request_id(CrashReport& report, std::string_view line) {
  const std::string id = cut(logs::request_id_of_line(line), kLongestId);
  auto& ids = report.request_ids;
  if (id.empty()) return;
  ids.erase(std::remove(ids.begin(), ids.end(), id), ids.end());
  ids.push_back(id);
  if (ids.size() > kMostIds) ids.erase(ids.begin());
}

// Of a process that exits by itself, the last error that it logged says why.
void take_error_of(CrashReport& report, const json& line) {
  const auto error = line.find("err");
  if (error != line.end() && error->is_object()) {
    report.error_type = text_at(*error, {"type", "name"});
    report.error_message = text_at(*error, {"message"});
  } else {
    report.error_type.clear();
    report.error_message = text_at(line, {"msg", "message"});
  }
}

void read_error_lines(CrashReport& report, const std::vector<std::string>& lines) {
  for (const std::string& text : lines) {
    logs::ForeignObject object;
    if (!text.starts_with('{') || !object.read(text) || object.level() != log::Level::Error)
      continue;
    add_request_id(report, text);
    if (!report.exit.signaled) take_error_of(report, text::parse_json(text));
  }
}

}  // namespace

void add_facts_of_lines(CrashReport& report, const std::vector<std::string>& lines, bool own) {
  read_error_lines(report, lines);
  const auto stack = stack_of(lines);
  if (stack) {
    report.stack = cut_frames(stack->frames);
    report.threads = cut_threads(stack->threads);
  }
  if (const auto exception = uncaught_exception_in(lines); exception && (own || stack)) {
    report.error_type = exception->type;
    report.error_message = exception->message;
  }
  if (!stack) {
    if (const auto foreign = foreign_stack_of(lines)) {
      report.stack = cut_frames(foreign->frames);
      report.threads = cut_threads(foreign->threads);
      report.error_type = foreign->type;
      report.error_message = foreign->message;
    }
  }
  report.error_type = cut(report.error_type, kLongestFrame);
  report.error_message = masked(report.error_message, kLongestMessage);
  for (auto line = lines.rbegin(); line != lines.rend() && report.last_lines.size() < kMostLines;
       ++line) {
    if (stack && is_of_crash_handler(*line)) continue;
    report.last_lines.push_back(masked(*line, kLongestLine));
  }
  std::reverse(report.last_lines.begin(), report.last_lines.end());
}

}  // namespace holdfast::supervisor
