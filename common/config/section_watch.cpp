// SPDX-License-Identifier: Apache-2.0
// The fields of [program.NAME] for restarts when files change.
#include "common/config/schema.hpp"

namespace holdfast::config {

using enum ReloadEffect;

namespace {

Result<std::string> check_pattern(const std::string& pattern) {
  if (pattern.empty()) return fail(ErrorKind::InvalidArgument, "a pattern must not be empty");
  return pattern;
}

// PM2 has `watch: true`.
Field watch_field(std::vector<std::string>& patterns) {
  Field field = texts_field("watch", Live, patterns, check_pattern);
  field.read = [read = field.read](const Value& given, Complaints& complaints) {
    if (std::holds_alternative<bool>(given.data)) {
      complaints.push_back(
          {given.at, "must be an array of patterns; [\"**\"] is every file below 'directory'"});
      return;
    }
    read(given, complaints);
  };
  return field;
}

}  // namespace

void append_watch_fields(Program& program, Fields& fields) {
  fields.push_back(watch_field(program.watch));
  fields.push_back(texts_field("watch_ignore", Live, program.watch_ignore, check_pattern));
  fields.push_back(duration_field("watch_delay", Live, program.watch_delay, 10ms, 1min));
  fields.push_back(flag_field("watch_dependants", Live, program.watch_dependants));
}

}  // namespace holdfast::config
