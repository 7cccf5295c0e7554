// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/crash_json.hpp"

#include "common/text/ascii.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>

namespace holdfast::supervisor {

namespace {

using nlohmann::ordered_json;

// "20261129T091614123Z-" and four hexadecimal digits.
constexpr std::string_view kIdShape = "ddddddddTdddddddddZ-xxxx";

constexpr std::array kPublicFields = {"id",      "time",           "host",
                                      "version", "program",        "worker",
                                      "kind",    "incarnation",    "pid",
                                      "summary", "uptime_seconds", "exit",
                                      "oom",     "stack",          "restarts_in_hour",
                                      "next_try"};

double seconds_of(Duration duration) {
  return std::round(std::chrono::duration<double>(duration).count() * 1000) / 1000;
}

ordered_json exit_of(const CrashReport& report) {
  const core::ExitStatus& exit = report.exit;
  ordered_json out;
  out[exit.signaled ? "signal" : "code"] = exit.value;
  out["text"] = core::describe(exit);
  if (exit.core_dumped) out["core_dumped"] = true;
  return out;
}

ordered_json in_flight_json(const CrashReport& report) {
  ordered_json out = ordered_json::array();
  for (const InFlight& one : report.in_flight) {
    out.push_back({{"kind", one.kind},
                   {"id", one.id},
                   {"what", one.what},
                   {"age_seconds", seconds_of(one.age)}});
  }
  return out;
}

}  // namespace

ordered_json crash_json(const CrashReport& report) {
  ordered_json out{{"id", report.id},
                   {"time", format_rfc3339(report.time)},
                   {"host", report.host},
                   {"version", report.version},
                   {"program", report.program},
                   {"worker", report.worker},
                   {"incarnation", report.incarnation}};
  if (report.pid != 0) out["pid"] = report.pid;
  out["kind"] = report.kind;
  out["summary"] = report.summary;
  if (report.pid != 0) {  // else it was never started
    out["exit"] = exit_of(report);
    out["uptime_seconds"] = seconds_of(report.uptime);
  }
  if (!report.oom.empty()) out["oom"] = report.oom;
  if (!report.error_type.empty() || !report.error_message.empty())
    out["error"] = {{"type", report.error_type}, {"message", report.error_message}};
  out["stack"] = report.stack;
  if (!report.threads.empty()) {
    out["threads"] = ordered_json::array();
    for (const ThreadStack& thread : report.threads)
      out["threads"].push_back({{"thread", thread.thread}, {"frames", thread.frames}});
  }
  out["in_flight"] = in_flight_json(report);
  if (report.in_flight_unlisted != 0) out["in_flight_unlisted"] = report.in_flight_unlisted;
  out["request_ids"] = report.request_ids;
  out["last_lines"] = report.last_lines;
  out["restarts_in_hour"] = report.restarts_in_hour;
  out["next_try"] = report.next_try;
  if (!report.core_dump.empty()) out["core_dump"] = report.core_dump;
  return out;
}

ordered_json public_crash_json(const ordered_json& whole) {
  ordered_json out = ordered_json::object();
  for (const char* field : kPublicFields) {
    if (whole.contains(field)) out[field] = whole[field];
  }
  if (const auto error = whole.find("error"); error != whole.end() && error->is_object())
    out["error_type"] = error->value("type", "");
  return out;
}

std::string crash_text(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::optional<ordered_json> parse_crash(std::string_view text, std::string_view id) {
  auto json = ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto is_text = [&](const char* field) {
    return json.contains(field) && json[field].is_string();
  };
  if (!is_text("id") || json["id"].get_ref<const std::string&>() != id || !is_text("program") ||
      !is_text("worker") || !is_text("summary") || !is_text("time")) {
    return std::nullopt;
  }
  return json;
}

bool is_crash_id(std::string_view text) {
  if (text.size() != kIdShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = c >= '0' && c <= '9';
    const bool fits = kIdShape[i] == 'd'   ? digit
                      : kIdShape[i] == 'x' ? digit || (c >= 'a' && c <= 'f')
                                           : c == kIdShape[i];
    if (!fits) return false;
  }
  return true;
}

// Of "2026-11-29T09:16:14.123Z" all but the punctuation.
std::string make_crash_id(WallTime time, std::uint16_t number) {
  std::string id;
  for (const char c : format_rfc3339(time)) {
    if (text::is_alphanumeric(c)) id += c;
  }
  return id + fmt::format("-{:04x}", number);
}

}  // namespace holdfast::supervisor
