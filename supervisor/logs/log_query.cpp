// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/log_query.hpp"

#include "common/base/duration.hpp"
#include "common/text/json_object.hpp"
#include "supervisor/logs/error_reader.hpp"
#include "supervisor/logs/foreign_object.hpp"
#include "supervisor/logs/recent_lines.hpp"
#include "supervisor/logs/text_level.hpp"

#include <fmt/format.h>

namespace holdfast::supervisor::logs {

namespace {

// "api-worker.0 | 11:42:43.482 INFO  msg": a line of the pretty log.
constexpr std::string_view kBar = " | ";

std::string_view worker_of_text(std::string_view line) {
  const auto bar = line.find(kBar);
  return bar == std::string_view::npos ? std::string_view{} : line.substr(0, bar);
}

std::string_view message_of_text(std::string_view line) {
  const auto bar = line.find(kBar);
  return bar == std::string_view::npos ? line : line.substr(bar + kBar.size());
}

struct LineFacts {
  std::string worker;
  std::optional<log::Level> level;
  std::string_view time;
};

LineFacts facts_of(std::string_view line) {
  LineFacts facts;
  text::JsonMembers members;
  if (!line.starts_with('{') || !text::scan_json_object(line, members)) {
    facts.worker = worker_of_text(line);
    facts.level = text_level(message_of_text(line));
    return facts;
  }
  for (const text::JsonMember& member : members) {
    if (member.key == "worker") {
      facts.worker = text::json_string_value(member.value).value_or("");
    } else if (member.key == "level") {
      facts.level = foreign_level(member.value);
    } else if (member.key == "time" && member.value.size() > 2) {
      facts.time = member.value.substr(1, member.value.size() - 2);
    }
  }
  return facts;
}

std::string_view without_zone(std::string_view time) {
  if (time.ends_with('Z')) time.remove_suffix(1);
  if (time.find('.') == std::string_view::npos) return time;
  while (time.ends_with('0'))
    time.remove_suffix(1);
  if (time.ends_with('.')) time.remove_suffix(1);
  return time;
}

}  // namespace

Result<std::string> parse_moment(std::string_view text, WallTime now) {
  if (const auto ago = parse_duration(text)) {
    return format_rfc3339(now - std::chrono::duration_cast<WallTime::duration>(*ago));
  }
  // With what is left out: seconds, the time of day, the zone.
  for (const std::string_view rest : {"", "Z", ":00Z", "T00:00:00Z"}) {
    const std::string whole = fmt::format("\"{}{}\"", text, rest);
    if (std::string time = foreign_time(whole); !time.empty() && text.find('-') == 4) return time;
  }
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' is no time: use 10m (so long ago), 2026-11-29T10:00:00Z, "
                          "\"2026-11-29 10:00\" (UTC) or 2026-11-29",
                          text));
}

bool is_earlier(std::string_view time, std::string_view other) {
  return without_zone(time) < without_zone(other);
}

std::string_view time_of_line(std::string_view line) {
  constexpr std::string_view kStart = R"({"time":")";
  if (!line.starts_with(kStart)) return {};
  line.remove_prefix(kStart.size());
  return line.substr(0, line.find('"'));
}

bool LogQuery::wants(std::string_view line) const {
  // The cheap questions first: most lines of a large file are not wanted.
  if (!request_id.empty() && line.find(request_id) == std::string_view::npos) return false;
  if (!since.empty() || !until.empty()) {
    const std::string_view time = time_of_line(line);
    if (time.empty() || (!since.empty() && is_earlier(time, since)) ||
        (!until.empty() && !is_earlier(time, until)))
      return false;
  }
  if (grep && !grep->found_in(line)) return false;
  if (names.empty() && !level && request_id.empty()) return true;
  const LineFacts facts = facts_of(line);
  if (!name_worker(names, facts.worker)) return false;
  if (level && (!facts.level || *facts.level < *level)) return false;
  return request_id.empty() || request_id_of_line(line) == request_id;
}

}  // namespace holdfast::supervisor::logs
