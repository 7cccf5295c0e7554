// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/systemd_time.hpp"

#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace holdfast::supervisor::importer {

namespace {

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  for (;;) {
    const auto end = text.find_first_of(separators);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

tl::unexpected<Error> cannot(std::string why) {
  return fail(ErrorKind::InvalidArgument, std::move(why));
}

// "daily" and so on, which stand for the whole.
std::string shorthand(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kWords{{
      {"minutely", "* * * * *"},
      {"hourly", "0 * * * *"},
      {"daily", "0 0 * * *"},
      {"weekly", "0 0 * * mon"},
      {"monthly", "0 0 1 * *"},
      {"quarterly", "0 0 1 1,4,7,10 *"},
      {"semiannually", "0 0 1 1,7 *"},
      {"yearly", "0 0 1 1 *"},
      {"annually", "0 0 1 1 *"},
      {"anually", "0 0 1 1 *"},
  }};
  const std::string lower = text::to_lower(word);
  for (const auto& [name, cron] : kWords) {
    if (name == lower) return std::string(cron);
  }
  return {};
}

// "1..5" is "1-5", "0/15" every fifteenth from 0 to the last.
Result<std::string> field(std::string_view text, int first, int last) {
  if (text.empty()) return cannot("a part of it is empty");
  std::vector<std::string> items;
  for (const std::string& item : split(text, ",")) {
    const auto slash = item.find('/');
    const std::string step = slash == std::string::npos ? "" : item.substr(slash + 1);
    std::string range = item.substr(0, slash);
    if (!step.empty() && !text::parse_number<int>(step))
      return cannot(fmt::format("'{}' is not a whole step", item));
    if (range != "*") {
      const auto dots = range.find("..");
      const auto from = text::parse_number<int>(range.substr(0, dots));
      const auto to =
          dots == std::string::npos ? from : text::parse_number<int>(range.substr(dots + 2));
      if (!from || !to || *from < first || *to > last || *to < *from)
        return cannot(fmt::format("'{}' is not from {} to {}", item, first, last));
      const bool to_the_end = dots == std::string::npos && !step.empty();
      range = to_the_end || *to != *from ? fmt::format("{}-{}", *from, to_the_end ? last : *to)
                                         : std::to_string(*from);
    }
    if (range == fmt::format("{}-{}", first, last)) range = "*";
    items.push_back(step.empty() ? range : fmt::format("{}/{}", range, step));
  }
  return fmt::format("{}", fmt::join(items, ","));
}

bool is_weekday(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed",
                                                         "thu", "fri", "sat"};
  return std::find(kDays.begin(), kDays.end(), name) != kDays.end();
}

// "Mon..Fri,Sun", long or short, in any case; nothing if it is none.
std::optional<std::string> weekdays(std::string_view text) {
  std::vector<std::string> items;
  for (const std::string& item : split(text, ",")) {
    if (item.empty()) continue;  // "Mon," is systemd's own way to write one
    const auto dots = item.find("..");
    const std::string from = text::to_lower(std::string_view(item).substr(0, 3));
    const std::string to =
        dots == std::string::npos
            ? ""
            : text::to_lower(std::string_view(item).substr(std::min(dots + 2, item.size()), 3));
    if (!is_weekday(from) || (dots != std::string::npos && !is_weekday(to))) return {};
    // Cron begins the week on Sunday.
    items.push_back(dots == std::string::npos ? from
                    : to == "sun"             ? from + "-7"
                                              : fmt::format("{}-{}", from, to));
  }
  if (items.empty()) return {};
  return fmt::format("{}", fmt::join(items, ","));
}

struct Parts {
  std::string minute = "0";
  std::string hour = "0";
  std::string day = "*";
  std::string month = "*";
  std::string weekday = "*";
};

// "2026-*-1..7", "*-01,07-01", "12-24"
Result<void> read_date(std::string_view text, Parts& parts) {
  std::vector<std::string> fields = split(text, "-");
  if (fields.size() == 2) fields.insert(fields.begin(), "*");
  if (fields.size() != 3) return cannot(fmt::format("'{}' is no date", text));
  if (fields[0] != "*") return cannot(fmt::format("a cron expression has no years: '{}'", text));
  if (text.find('~') != std::string_view::npos)
    return cannot(
        fmt::format("a cron expression does not count from the end of the month: '{}'", text));
  HOLDFAST_TRY_ASSIGN(parts.month, field(fields[1], 1, 12));
  HOLDFAST_TRY_ASSIGN(parts.day, field(fields[2], 1, 31));
  return {};
}

// "03:00", "*:0/15", "8..18:30:00"
Result<void> read_time(std::string_view text, Parts& parts) {
  const std::vector<std::string> fields = split(text, ":");
  if (fields.size() < 2 || fields.size() > 3) return cannot(fmt::format("'{}' is no time", text));
  const bool whole = fields.size() == 2 || text::parse_number<int>(fields[2]) == 0;
  if (!whole) return cannot(fmt::format("a cron expression has no seconds: '{}'", text));
  HOLDFAST_TRY_ASSIGN(parts.hour, field(fields[0], 0, 23));
  HOLDFAST_TRY_ASSIGN(parts.minute, field(fields[1], 0, 59));
  return {};
}

}  // namespace

std::optional<Duration> time_span(std::string_view text) {
  // In microseconds, as in systemd.time(7).
  static constexpr std::array<std::pair<std::string_view, double>, 31> kUnits{{
      {"", 1e6},
      {"us", 1},
      {"usec", 1},
      {"\u03bcs", 1},
      {"\u00b5s", 1},
      {"ms", 1e3},
      {"msec", 1e3},
      {"s", 1e6},
      {"sec", 1e6},
      {"second", 1e6},
      {"seconds", 1e6},
      {"m", 60e6},
      {"min", 60e6},
      {"minute", 60e6},
      {"minutes", 60e6},
      {"h", 3600e6},
      {"hr", 3600e6},
      {"hour", 3600e6},
      {"hours", 3600e6},
      {"d", 86400e6},
      {"day", 86400e6},
      {"days", 86400e6},
      {"w", 604800e6},
      {"week", 604800e6},
      {"weeks", 604800e6},
      {"M", 30.44 * 86400e6},
      {"month", 30.44 * 86400e6},
      {"months", 30.44 * 86400e6},
      {"y", 365.25 * 86400e6},
      {"year", 365.25 * 86400e6},
      {"years", 365.25 * 86400e6},
  }};
  // A hundred years: any longer time is a mistake.
  constexpr double kLongest = 100 * 365.25 * 86400e6;
  double total = 0;
  text = text::trim(text);
  if (text.empty()) return {};
  while (!text.empty()) {
    const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = text::parse_number<double>(text.substr(0, digits));
    text = text::trim(text.substr(digits));
    const auto letters = std::min(text.find_first_of("0123456789. \t"), text.size());
    const std::string_view unit = text.substr(0, letters);
    const auto known = std::find_if(kUnits.begin(), kUnits.end(),
                                    [&](const auto& one) { return one.first == unit; });
    if (!number || known == kUnits.end()) return {};
    total += *number * known->second;
    if (total > kLongest) return {};
    text = text::trim(text.substr(letters));
  }
  return std::chrono::microseconds(std::llround(total));
}

Result<CalendarTime> calendar_time(std::string_view text) {
  CalendarTime result;
  Parts parts;
  std::vector<std::string> words;
  for (std::string& word : split(text, " \t")) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  if (words.empty()) return cannot("it is empty");
  const std::string& last = words.back();
  if (last == "UTC" ||
      (last.find('/') != std::string::npos && last.find(':') == std::string::npos &&
       last.find('-') == std::string::npos && !text::is_digit(last.front()))) {
    result.timezone = last;
    words.pop_back();
  }
  if (words.size() == 1) {
    result.cron = shorthand(words[0]);
    if (!result.cron.empty()) return result;
  }
  bool known = false;
  for (const std::string& word : words) {
    if (word.find(':') != std::string::npos) {
      HOLDFAST_TRY(read_time(word, parts));
    } else if (const auto days = weekdays(word); days && !known) {
      parts.weekday = *days;
    } else {
      HOLDFAST_TRY(read_date(word, parts));
    }
    known = true;
  }
  if (!known) return cannot("it names no time");
  if (parts.day != "*" && parts.weekday != "*")
    return cannot("a cron expression runs on either, day of the month or weekday, not on both");
  result.cron = fmt::format("{} {} {} {} {}", parts.minute, parts.hour, parts.day, parts.month,
                            parts.weekday);
  return result;
}

}  // namespace holdfast::supervisor::importer
