// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/foreign_object.hpp"

#include "common/text/ascii.hpp"
#include "common/text/json_escape.hpp"
#include "common/text/number.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <unordered_set>
#include <utility>
#include <vector>

namespace holdfast::supervisor::logs {

namespace {

using text::JsonMember;
using text::JsonMembers;

// In any case, in the order of preference.
constexpr auto kLevelKeys = std::to_array<std::string_view>(
    {"level", "levelname", "severity", "level_name", "loglevel", "log_level", "log.level", "lvl",
     "severitytext", "severity_text", "error_severity", "@level", "@l"});
constexpr auto kTimeKeys = std::to_array<std::string_view>(
    {"time", "@timestamp", "timestamp", "ts", "datetime", "@t", "timemillis"});
constexpr std::string_view kRenamed = "app_";

struct NamedLevel {
  std::string_view name;
  log::Level level;
  bool exact = false;  // no other name of the same level means something else
};

constexpr NamedLevel kLevelNames[]{
    {"trace", log::Level::Trace, true},
    {"silly", log::Level::Trace},
    {"finest", log::Level::Trace},
    {"debug", log::Level::Debug, true},
    {"verbose", log::Level::Debug},
    {"fine", log::Level::Debug},
    {"info", log::Level::Info, true},
    {"information", log::Level::Info, true},
    {"informational", log::Level::Info, true},
    {"notice", log::Level::Info},
    {"http", log::Level::Info},
    {"log", log::Level::Info},
    {"default", log::Level::Info},
    {"warn", log::Level::Warn, true},
    {"warning", log::Level::Warn, true},
    {"error", log::Level::Error, true},
    {"err", log::Level::Error, true},
    {"eror", log::Level::Error},
    {"dbug", log::Level::Debug},
    {"exception", log::Level::Error},
    {"critical", log::Level::Error},
    {"crit", log::Level::Error},
    {"fatal", log::Level::Error},
    {"alert", log::Level::Error},
    {"panic", log::Level::Error},
    {"dpanic", log::Level::Error},
    {"emergency", log::Level::Error},
    {"emerg", log::Level::Error},
    {"severe", log::Level::Error},
    {"fail", log::Level::Error},
    {"trc", log::Level::Trace},
    {"vrb", log::Level::Debug},
    {"dbg", log::Level::Debug},
    {"inf", log::Level::Info},
    {"wrn", log::Level::Warn},
    {"ftl", log::Level::Error},
    {"d", log::Level::Debug},
    {"i", log::Level::Info},
    {"w", log::Level::Warn},
    {"e", log::Level::Error},
    {"f", log::Level::Error},
};

constexpr std::size_t kFewMembers = 24;

std::optional<double> number_of(std::string_view value) {
  const auto number = text::parse_number<double>(value);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

const NamedLevel* named_level(std::string_view name) {
  if (name.size() > 16) return nullptr;
  const std::string lower = text::to_lower(name);
  for (const NamedLevel& known : kLevelNames) {
    if (lower == known.name) return &known;
  }
  return nullptr;
}

// slog's "ERROR+2", PostgreSQL's "DEBUG1".
std::string_view without_number(std::string_view name) {
  while (!name.empty() && text::is_digit(name.back()))
    name.remove_suffix(1);
  if (name.ends_with('+') || name.ends_with('-')) name.remove_suffix(1);
  return name;
}

template <class Keys>
std::size_t rank_in(const Keys& keys, std::string_view key) {
  const auto found = std::find_if(keys.begin(), keys.end(), [key](std::string_view known) {
    return text::equals_ignoring_case(known, key);
  });
  return static_cast<std::size_t>(found - keys.begin());
}

// The value of an object's member; empty: it is none, or has none.
std::string_view value_in(std::string_view object, std::string_view key) {
  JsonMembers members;
  if (!object.starts_with('{') || !text::scan_json_object(object, members)) return {};
  for (const JsonMember& member : members) {
    if (member.key == key) return member.value;
  }
  return {};
}

std::optional<log::Level> numbered_level(double number) {
  if (number < 0 || number > 600 || number != std::floor(number)) return std::nullopt;
  const int n = static_cast<int>(number);
  if (n <= 7) {  // syslog: the smaller, the worse
    return n <= 3   ? log::Level::Error
           : n == 4 ? log::Level::Warn
           : n <= 6 ? log::Level::Info
                    : log::Level::Debug;
  }
  if (n >= 100) {  // Monolog
    return n < 200   ? log::Level::Debug
           : n < 300 ? log::Level::Info
           : n < 400 ? log::Level::Warn
                     : log::Level::Error;
  }
  if (n < 10) return std::nullopt;
  return n < 20   ? log::Level::Trace
         : n < 30 ? log::Level::Debug
         : n < 40 ? log::Level::Info
         : n < 50 ? log::Level::Warn
                  : log::Level::Error;
}

// Python's own numbers, which are not those of pino: 40 is ERROR.
std::optional<log::Level> python_level(std::string_view value) {
  const auto number = number_of(value);
  if (!number || *number < 1 || *number > 100) return std::nullopt;
  return *number < 10   ? log::Level::Trace
         : *number < 20 ? log::Level::Debug
         : *number < 30 ? log::Level::Info
         : *number < 40 ? log::Level::Warn
                        : log::Level::Error;
}

// 1 to 24, four of each.
std::optional<log::Level> open_telemetry_level(std::string_view value) {
  const auto number = number_of(value);
  if (!number || *number < 1 || *number > 24) return std::nullopt;
  return *number < 5    ? log::Level::Trace
         : *number < 9  ? log::Level::Debug
         : *number < 13 ? log::Level::Info
         : *number < 17 ? log::Level::Warn
                        : log::Level::Error;
}

// Reads `digits` digits at the front of `text` and removes them.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  const auto number = text::parse_number<unsigned>(text.substr(0, digits));
  if (!number) return std::nullopt;
  text.remove_prefix(digits);
  return static_cast<int>(*number);
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::milliseconds> take_fraction(std::string_view& text) {
  if (!take(text, ".,")) return std::chrono::milliseconds(0);
  int ms = 0;
  std::size_t count = 0;
  for (; !text.empty() && text::is_digit(text.front()); text.remove_prefix(1), ++count) {
    if (count < 3) ms = ms * 10 + (text.front() - '0');
  }
  if (count == 0) return std::nullopt;
  for (std::size_t i = count; i < 3; ++i)
    ms *= 10;
  return std::chrono::milliseconds(ms);
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take(text, "Zz")) return std::chrono::minutes(0);
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23) return std::nullopt;
  take(text, ":");
  const auto minutes = text.empty() ? std::optional<int>(0) : take_digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return west ? -offset : offset;
}

std::string utc_of(std::string_view text) {
  using namespace std::chrono;
  const std::string_view whole = text;
  const auto y = take_digits(text, 4);
  if (!y || !take(text, "-")) return {};
  const auto mo = take_digits(text, 2);
  if (!mo || !take(text, "-")) return {};
  const auto d = take_digits(text, 2);
  if (!d || !take(text, "Tt ")) return {};
  const auto h = take_digits(text, 2);
  if (!h || !take(text, ":")) return {};
  const auto mi = take_digits(text, 2);
  if (!mi || !take(text, ":")) return {};
  const auto s = take_digits(text, 2);
  if (!s || *h > 23 || *mi > 59 || *s > 60) return {};
  const year_month_day date(year(*y), month(static_cast<unsigned>(*mo)),
                            day(static_cast<unsigned>(*d)));
  if (!date.ok()) return {};
  const bool point = !text.empty() && text.front() == '.';
  const bool whole_seconds = !text.empty() && text.front() == 'Z';
  const auto fraction = take_fraction(text);
  if (!fraction) return {};
  take(text, " ");  // Ruby: "2026-11-28 10:00:00 +0100"
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return {};
  // Already in our form: keep its precision.
  if (whole[10] == 'T' && whole.back() == 'Z' && (point || whole_seconds)) {
    return std::string(whole);
  }
  const sys_time<milliseconds> time =
      sys_days(date) + hours(*h) + minutes(*mi) + seconds(*s) + *fraction - *offset;
  return format_unix_ms(time.time_since_epoch().count());
}

std::string utc_of(double number) {
  constexpr double kEarliest = 1e9;  // 2001, in seconds
  constexpr double kLatest = 1e10;   // 2286
  for (const double unit : {1.0, 1e3, 1e6, 1e9}) {
    if (number < kEarliest * unit || number >= kLatest * unit) continue;
    return format_unix_ms(static_cast<std::int64_t>(std::round(number / unit * 1e3)));
  }
  return {};
}

// Whether the level's name says all that the value says: 30 is "info", but 60 is more than "error".
bool is_exact_level(std::string_view value) {
  if (const auto name = text::json_string_value(value)) {
    const NamedLevel* known = named_level(*name);
    return known != nullptr && known->exact;
  }
  return value == "10" || value == "20" || value == "30" || value == "40" || value == "50";
}

// Written in the line as `"key":value`, with nothing between them.
bool is_compact(const JsonMember& member) {
  constexpr std::size_t kQuoteAndColon = 2;
  return !member.escaped_key &&
         member.value.data() == member.key.data() + member.key.size() + kQuoteAndColon;
}

const log::RedactPaths& paths_or_none(const log::RedactPaths* paths) {
  static const log::RedactPaths kNone;
  return paths == nullptr ? kNone : *paths;
}

bool is_quoted(std::string_view value, std::string_view text) {
  return value.size() == text.size() + 2 && value.front() == '"' && value.back() == '"' &&
         value.substr(1, text.size()) == text;
}

}  // namespace

std::optional<log::Level> foreign_level(std::string_view value) {
  if (const auto name = text::json_string_value(value)) {
    if (const NamedLevel* known = named_level(without_number(*name))) return known->level;
    const auto number = number_of(*name);
    return number ? numbered_level(*number) : std::nullopt;
  }
  const auto number = number_of(value);
  return number ? numbered_level(*number) : std::nullopt;
}

std::string foreign_time(std::string_view value) {
  if (const auto text = text::json_string_value(value)) {
    const auto number = number_of(*text);
    return number ? utc_of(*number) : utc_of(*text);
  }
  const auto number = number_of(value);
  return number ? utc_of(*number) : std::string();
}

bool ForeignObject::read(std::string_view line) {
  level_.reset();
  time_.clear();
  time_key_ = level_key_ = {};
  if (!text::scan_json_object(line, members_)) return false;
  secrets_ = log::may_need_redaction(line);
  for (const JsonMember& member : members_) {
    if (member.escaped_key) {
      normalize_keys();
      break;
    }
  }
  drop_duplicates();
  understand();
  return true;
}

// Keys are compared as text, so "p\u0069d" is "pid".
void ForeignObject::normalize_keys() {
  keys_.clear();
  keys_.reserve(members_.size());  // the views into it must stay valid
  for (JsonMember& member : members_) {
    if (!member.escaped_key) continue;
    std::string key;
    text::append_json_escaped(key, text::unescape_json(member.key));
    keys_.push_back(std::move(key));
    member.key = keys_.back();
  }
}

// Of a key that is there twice the last value counts, as for every common parser.
void ForeignObject::drop_duplicates() {
  const std::size_t count = members_.size();
  const auto drop = [this](std::size_t i) { members_[i].value = {}; };
  if (count <= kFewMembers) {
    for (std::size_t i = 0; i + 1 < count; ++i) {
      for (std::size_t k = i + 1; k < count; ++k) {
        if (members_[i].key != members_[k].key) continue;
        drop(i);
        break;
      }
    }
  } else {
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = count; i-- > 0;) {
      if (!seen.insert(members_[i].key).second) drop(i);
    }
  }
  const auto dropped = [](const JsonMember& member) { return member.value.empty(); };
  members_.erase(std::remove_if(members_.begin(), members_.end(), dropped), members_.end());
}

const JsonMember* ForeignObject::find(std::string_view key) const {
  for (const JsonMember& member : members_) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

void ForeignObject::understand() {
  std::size_t level_rank = kLevelKeys.size();
  std::size_t time_rank = kTimeKeys.size();
  for (const JsonMember& member : members_) {
    if (const std::size_t rank = rank_in(kLevelKeys, member.key); rank < level_rank) {
      // Loggers that write numbers write "level"; "Level":3 is anything.
      const bool is_no_scale = !member.value.starts_with('"') &&
                               std::any_of(member.key.begin(), member.key.end(), text::is_upper);
      const auto level = is_no_scale ? std::nullopt : foreign_level(member.value);
      if (level) {
        level_ = level;
        level_key_ = member.key;
        level_rank = rank;
      }
    }
    if (const std::size_t place = rank_in(kTimeKeys, member.key); place < time_rank) {
      std::string time = foreign_time(member.value);
      if (time.empty()) continue;
      time_ = std::move(time);
      time_key_ = member.key;
      time_rank = place;
    }
  }
  if (!level_) understand_nested();
}

void ForeignObject::understand_nested() {
  std::string_view time;
  for (const JsonMember& member : members_) {
    const bool named = text::equals_ignoring_case(member.key, "level");
    if (named && member.value.starts_with('{')) {  // structures of a logger's own
      level_ = foreign_level(value_in(member.value, "name"));
    } else if (member.key == "levelno") {
      level_ = python_level(member.value);
    } else if (text::equals_ignoring_case(member.key, "severitynumber") ||
               member.key == "severity_number") {
      level_ = open_telemetry_level(member.value);
    }
    if (level_) return;
  }
  if (const std::string_view record = value_of("record"); !record.empty()) {
    level_ = foreign_level(value_in(value_in(record, "level"), "name"));
    time = value_in(value_in(record, "time"), "timestamp");
  } else if (const std::string_view log = value_of("log"); !log.empty()) {
    level_ = foreign_level(value_in(log, "level"));
  } else if (!value_of("c").empty() && !value_of("id").empty()) {
    level_ = foreign_level(value_of("s"));
    time = value_in(value_of("t"), "$date");
  }
  if (level_ && time_.empty() && !time.empty()) time_ = foreign_time(time);
}

std::string ForeignObject::renamed(std::string_view key) const {
  std::string name(key);
  do {
    name.insert(0, kRenamed);
  } while (find(name) != nullptr);
  return name;
}

bool ForeignObject::says_the_same(const JsonMember& member, const Context& context) const {
  if (member.key == "time") return time_key_ == "time";
  if (member.key == "level") return level_key_ == "level" && is_exact_level(member.value);
  if (member.key == "pid") return member.value == context.pid;
  return is_quoted(member.value, context.worker);
}

void ForeignObject::append(std::string& out, const Context& context) const {
  const log::RedactPaths& redact = paths_or_none(context.redact);
  out.append(R"({"time":")").append(time_.empty() ? context.time : std::string_view(time_));
  out.append(R"(","level":")").append(log::to_string(level_.value_or(context.level)));
  out.push_back('"');
  for (const JsonMember& member : members_) {
    const bool is_ours = member.key == "time" || member.key == "level" || member.key == "pid" ||
                         member.key == "worker";
    if (is_ours && says_the_same(member, context)) continue;
    if (!is_ours && is_compact(member) && redact.leaves(member.key, member.value, secrets_)) {
      const char* const begin = member.key.data() - 1;  // its quote
      const char* const end = member.value.data() + member.value.size();
      out.push_back(',');
      out.append(begin, static_cast<std::size_t>(end - begin));
      continue;
    }
    out.append(",\"");
    if (is_ours) {
      out.append(renamed(member.key));
    } else {
      out.append(member.key);
    }
    out.append("\":");
    redact.append_member(out, member.key, member.value, secrets_);
  }
}

std::string ForeignObject::masked(const log::RedactPaths* redact) const {
  std::string out = "{";
  for (const JsonMember& member : members_) {
    if (out.size() > 1) out.push_back(',');
    out.append("\"").append(member.key).append("\":");
    paths_or_none(redact).append_member(out, member.key, member.value, secrets_);
  }
  out.push_back('}');
  return out;
}

}  // namespace holdfast::supervisor::logs
