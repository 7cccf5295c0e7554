// SPDX-License-Identifier: Apache-2.0
// The fields of [program.NAME] that a process is launched with: directory, environment, account,
// limits.
#include "common/base/duration.hpp"
#include "common/config/schema.hpp"
#include "common/protocol/variables.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <algorithm>
#include <limits>

namespace holdfast::config {

using enum ReloadEffect;

namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();  // RLIM_INFINITY

bool is_variable_name(std::string_view name) {
  return !name.empty() && !text::is_digit(name.front()) &&
         text::all_of(name, [](char c) { return text::is_alphanumeric(c) || c == '_'; });
}

// The name of a variable, or a glob of such names.
Result<std::string> check_inherited(const std::string& text) {
  const bool fine = !text.empty() && text::all_of(text, [](char c) {
    return text::is_alphanumeric(c) ||
           std::string_view("_*?[]-!").find(c) != std::string_view::npos;
  });
  if (!fine) {
    return fail(ErrorKind::InvalidArgument,
                "each entry must name a variable, or several as in \"PG*\"");
  }
  if (protocol::is_reserved(text)) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is set by the supervisor for each worker; remove it", text));
  }
  return text;
}

Field environment_field(std::map<std::string, std::string>& environment) {
  auto read = [&environment](const Value& given, Complaints& complaints) {
    const auto* table = std::get_if<Table>(&given.data);
    if (table == nullptr) return complain_type(given, "a table of strings", complaints);
    for (const Member& member : *table) {
      if (!is_variable_name(member.key)) {
        complaints.push_back(
            {member.at, fmt::format("'{}' is not a valid variable name", member.key)});
      } else if (protocol::is_reserved(member.key)) {
        complaints.push_back(
            {member.at,
             fmt::format("'{}' is set by the supervisor for each worker; remove it", member.key)});
      } else if (const std::string* text = expect_text(member.value, complaints)) {
        environment[member.key] = *text;
      }
    }
  };
  auto write = [&environment]() -> std::optional<Value> {
    Table table;
    for (const auto& [name, value] : environment)
      table.push_back({name, {}, Value{value}});
    return Value{std::move(table)};
  };
  return member_field("environment", Roll, "table of strings", environment, std::move(read),
                      std::move(write));
}

std::optional<std::uint64_t> parse_limit(const std::string& text) {
  if (text == "unlimited") return kUnlimited;
  if (const auto number = text::parse_number<std::uint64_t>(text)) return *number;
  if (const auto bytes = parse_bytes(text)) return *bytes;
  return {};
}

// One value for both limits, or "soft:hard".
std::optional<ResourceLimit> read_limit(const Value& given, Complaints& complaints) {
  if (const auto* number = std::get_if<std::int64_t>(&given.data); number && *number >= 0) {
    const auto value = static_cast<std::uint64_t>(*number);
    return ResourceLimit{value, value};
  }
  if (const auto* text = std::get_if<std::string>(&given.data)) {
    const std::size_t colon = text->find(':');
    const auto soft = parse_limit(text->substr(0, colon));
    const auto hard = colon == std::string::npos ? soft : parse_limit(text->substr(colon + 1));
    if (soft && hard && *soft > *hard) {
      complaints.push_back(
          {given.at, fmt::format("'{}': the soft limit is above the hard limit", *text)});
      return {};
    }
    if (soft && hard) return ResourceLimit{*soft, *hard};
  }
  complaints.push_back(
      {given.at,
       "a limit must be an integer from 0, a size such as \"512MiB\" or \"unlimited\", or two of "
       "these, the soft and the hard limit: \"1024:65536\""});
  return {};
}

// Above what a TOML integer holds, only "unlimited" can have been meant.
bool fits(std::uint64_t limit) {
  return limit <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

std::string limit_text(std::uint64_t limit) {
  return fits(limit) ? std::to_string(limit) : "unlimited";
}

Value limit_value(const ResourceLimit& limit) {
  if (limit.soft != limit.hard) {
    return Value{limit_text(limit.soft) + ":" + limit_text(limit.hard)};
  }
  if (!fits(limit.soft)) return Value{limit_text(limit.soft)};
  return Value{static_cast<std::int64_t>(limit.soft)};
}

Field rlimits_field(std::map<std::string, ResourceLimit>& rlimits) {
  auto read = [&rlimits](const Value& given, Complaints& complaints) {
    static const std::vector<std::string> kNames{"as",     "core",    "cpu",   "fsize",
                                                 "nofile", "memlock", "nproc", "stack"};
    const auto* table = std::get_if<Table>(&given.data);
    if (table == nullptr) return complain_type(given, "a table of limits", complaints);
    for (const Member& member : *table) {
      if (std::find(kNames.begin(), kNames.end(), member.key) == kNames.end()) {
        complaints.push_back(
            {member.at, fmt::format("'{}' is not one of {}{}", member.key, quoted_list(kNames),
                                    did_you_mean(member.key, kNames))});
      } else if (const auto limit = read_limit(member.value, complaints)) {
        rlimits[member.key] = *limit;
      }
    }
  };
  auto write = [&rlimits]() -> std::optional<Value> {
    Table table;
    for (const auto& [name, limit] : rlimits)
      table.push_back({name, {}, limit_value(limit)});
    return Value{std::move(table)};
  };
  return member_field("rlimits", Roll, "table of limits", rlimits, std::move(read),
                      std::move(write));
}

Field adjustment_field(std::string key, std::optional<int>& value, int min, int max) {
  auto read = [&value, min, max](const Value& given, Complaints& complaints) {
    const auto* number = std::get_if<std::int64_t>(&given.data);
    if (number == nullptr) return complain_type(given, "an integer", complaints);
    if (*number < min || *number > max) {
      complaints.push_back(
          {given.at, fmt::format("{} is not between {} and {}", *number, min, max)});
      return;
    }
    value = static_cast<int>(*number);
  };
  auto write = [&value]() -> std::optional<Value> {
    if (!value) return {};
    return Value{static_cast<std::int64_t>(*value)};
  };
  return member_field(std::move(key), Roll, "integer", value, std::move(read), std::move(write));
}

}  // namespace

void append_process_fields(Program& program, Fields& fields) {
  fields.push_back(path_field("directory", Roll, program.directory, Absence::Allowed));
  fields.push_back(environment_field(program.environment));
  fields.push_back(path_field("env_file", Roll, program.env_file, Absence::Allowed));
  fields.push_back(texts_field("inherit", Roll, program.inherit, check_inherited));
  fields.push_back(text_field("user", Roll, program.user, check_account));
  fields.push_back(text_field("group", Roll, program.group, check_account));
  fields.push_back(mode_field("umask", Roll, program.umask));
  fields.push_back(rlimits_field(program.rlimits));
  fields.push_back(adjustment_field("nice", program.nice, -20, 19));
  fields.push_back(adjustment_field("oom_score_adj", program.oom_score_adj, -1000, 1000));
}

}  // namespace holdfast::config
