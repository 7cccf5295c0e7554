// SPDX-License-Identifier: Apache-2.0
#include "common/schedule/cron.hpp"

#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace holdfast::schedule {

namespace {

using namespace std::chrono;

struct FieldRule {
  const char* name;
  unsigned min;
  unsigned max;
  std::vector<std::string> names;  // of the numbers from `min`
};

const std::array<FieldRule, 5>& field_rules() {
  static const std::array<FieldRule, 5> kRules{
      {{"minute", 0, 59, {}},
       {"hour", 0, 23, {}},
       {"day of the month", 1, 31, {}},
       {"month",
        1,
        12,
        {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
       {"weekday", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}}};
  return kRules;
}

struct Macro {
  std::string_view name;
  std::string_view expression;
};
constexpr std::array<Macro, 7> kMacros{{{"@yearly", "0 0 1 1 *"},
                                        {"@annually", "0 0 1 1 *"},
                                        {"@monthly", "0 0 1 * *"},
                                        {"@weekly", "0 0 * * 0"},
                                        {"@daily", "0 0 * * *"},
                                        {"@midnight", "0 0 * * *"},
                                        {"@hourly", "0 * * * *"}}};

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (separators.find(c) == std::string_view::npos) {
      parts.back() += c;
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words = split(text, " \t");
  std::erase(words, std::string());
  return words;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

Failure refuse(std::string message) {
  return fail(ErrorKind::InvalidArgument, std::move(message));
}

Result<unsigned> value_of(const std::string& text, const FieldRule& rule) {
  const auto name = std::find(rule.names.begin(), rule.names.end(), lower(text));
  if (name != rule.names.end()) return rule.min + static_cast<unsigned>(name - rule.names.begin());
  const auto number = text::parse_digits<unsigned>(text);
  if (number && *number >= rule.min && *number <= rule.max) return *number;
  std::string message = fmt::format("'{}' is not one of {} to {}", text, rule.min, rule.max);
  if (!rule.names.empty())
    message += fmt::format(", or {} to {}", rule.names.front(), rule.names.back());
  return refuse(std::move(message));
}

// "*", "5", "1-5", "*/2", "1-5/2".
Result<void> read_item(const std::string& item, const FieldRule& rule, std::bitset<60>& out) {
  const std::size_t slash = item.find('/');
  const std::string range = item.substr(0, slash);
  unsigned step = 1;
  if (slash != std::string::npos) {
    const auto given = text::parse_digits<unsigned>(std::string_view(item).substr(slash + 1));
    if (!given || *given == 0 || *given > rule.max) {
      return refuse(fmt::format("the step in '{}' is not a number from 1 to {}", item, rule.max));
    }
    step = *given;
  }
  unsigned first = rule.min;
  unsigned last = rule.max;
  if (range != "*") {
    const std::size_t dash = range.find('-');
    HOLDFAST_TRY_ASSIGN(first, value_of(range.substr(0, dash), rule));
    last = first;
    if (dash != std::string::npos) {
      HOLDFAST_TRY_ASSIGN(last, value_of(range.substr(dash + 1), rule));
      if (last == 0 && first > 0 && rule.max == 7) last = 7;  // Sunday ends the week, too
    } else if (slash != std::string::npos) {
      return refuse(
          fmt::format("'{}': a step needs a range: '{}-{}/{}'", item, range, rule.max, step));
    }
    if (last < first) {
      return refuse(fmt::format("the range '{}' goes down; give two, with a comma between", range));
    }
  }
  for (unsigned value = first; value <= last; value += step)
    out.set(value);
  return {};
}

Result<std::bitset<60>> read_field(const std::string& text, const FieldRule& rule) {
  std::bitset<60> values;
  for (const std::string& item : split(text, ",")) {
    if (item.empty())
      return refuse(fmt::format("the {}: nothing stands beside a comma in '{}'", rule.name, text));
    if (const auto read = read_item(item, rule, values); !read)
      return fail(read.error().with_context(fmt::format("the {}", rule.name)));
  }
  return values;
}

template <std::size_t N>
std::bitset<N> narrow(const std::bitset<60>& values) {
  std::bitset<N> result;
  for (std::size_t i = 0; i < N; ++i)
    result[i] = values[i];
  return result;
}

Result<std::string> expand(std::string_view text) {
  const std::string name = lower(std::string(text));
  for (const Macro& macro : kMacros) {
    if (macro.name == name) return std::string(macro.expression);
  }
  if (name == "@reboot")
    return refuse("'@reboot' is not a time; run_at_start = true runs it when the stack starts");
  if (name.starts_with("@every")) return refuse("'@every' is a key of its own: every = \"1h\"");
  return refuse(fmt::format(
      "'{}' is not known; use @hourly, @daily, @weekly, @monthly, @yearly or five fields", text));
}

constexpr auto kHorizon = days(12 * 366);  // 29 February can be eight years away

}  // namespace

Result<Cron> Cron::parse(std::string_view text) {
  const std::vector<std::string> given = words_of(text);
  const bool macro = !given.empty() && given.front().starts_with('@') &&
                     (given.size() == 1 || lower(given.front()) == "@every");
  HOLDFAST_TRY_ASSIGN(const std::string expression,
                      macro ? expand(given.front()) : Result<std::string>(std::string(text)));
  const std::vector<std::string> fields = words_of(expression);
  const auto& rules = field_rules();
  if (fields.size() != rules.size()) {
    return refuse(
        fmt::format("'{}' has {} {}; a schedule has five: minute, hour, day of the month, "
                    "month, weekday ('0 3 * * *' is 3 o'clock every day)",
                    text, fields.size(), fields.size() == 1 ? "field" : "fields"));
  }
  std::array<std::bitset<60>, 5> values;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    HOLDFAST_TRY_ASSIGN(values[i], read_field(fields[i], rules[i]));
  }
  Cron cron;
  cron.minutes_ = values[0];
  cron.hours_ = narrow<24>(values[1]);
  cron.days_ = narrow<32>(values[2]);
  cron.months_ = narrow<13>(values[3]);
  cron.weekdays_ = narrow<7>(values[4]);
  if (values[4][7]) cron.weekdays_.set(0);
  cron.every_hour_ = fields[1].starts_with('*');
  cron.any_day_ = fields[2].starts_with('*');
  cron.any_weekday_ = fields[4].starts_with('*');
  constexpr LocalMinute kSomeTime{local_days(year(2024) / 1 / 1)};
  if (!cron.first_in(kSomeTime, kSomeTime + kHorizon))
    return refuse(fmt::format("'{}' is never due: no month has such a day", text));
  return cron;
}

bool Cron::matches(year_month_day day, weekday on) const {
  if (!months_[static_cast<unsigned>(day.month())]) return false;
  const bool by_day = days_[static_cast<unsigned>(day.day())];
  const bool by_weekday = weekdays_[on.c_encoding()];
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

std::optional<LocalMinute> Cron::first_in(LocalMinute from, LocalMinute before) const {
  for (local_days day = floor<days>(from); day < before; day += days(1)) {
    if (!matches(year_month_day(day), weekday(day))) continue;
    for (unsigned hour = 0; hour < hours_.size(); ++hour) {
      if (!hours_[hour]) continue;
      for (unsigned minute = 0; minute < minutes_.size(); ++minute) {
        const LocalMinute time = day + hours(hour) + std::chrono::minutes(minute);
        if (!minutes_[minute] || time < from) continue;
        return time < before ? std::optional(time) : std::nullopt;
      }
    }
  }
  return std::nullopt;
}

// Period by period, as in each of them local time is UTC and a constant.
std::optional<WallTime> Cron::next_after(WallTime time, const TimeZone& zone) const {
  const SysSeconds first = floor<std::chrono::minutes>(time) + std::chrono::minutes(1);
  const SysSeconds horizon = first + kHorizon;
  const auto local = [](SysSeconds at, seconds offset) {
    return ceil<std::chrono::minutes>(local_seconds(at.time_since_epoch() + offset));
  };
  for (SysSeconds from = first; from < horizon;) {
    const TimeZone::Period period = zone.at(from);
    LocalMinute begin = local(from, period.offset);
    if (!every_hour_ && period.begin > SysSeconds::min() && period.begin >= first - kHorizon) {
      const seconds before = zone.at(period.begin - seconds(1)).offset;
      const LocalMinute old_clock = local(period.begin, before);
      const LocalMinute new_clock = local(period.begin, period.offset);
      // Skipped times are due when the clocks go forward; repeated ones were due before.
      if (from == period.begin && first_in(old_clock, new_clock)) return WallTime(from);
      begin = std::max(begin, old_clock);
    }
    const SysSeconds end = std::min(period.end, horizon);
    if (const auto due = first_in(begin, local(end, period.offset)))
      return WallTime(due->time_since_epoch() - period.offset);
    from = end;
  }
  return std::nullopt;
}

}  // namespace holdfast::schedule
