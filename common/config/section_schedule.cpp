// SPDX-License-Identifier: Apache-2.0
// The fields of [program.NAME] for oneshots that run at times.
#include "common/config/schema.hpp"
#include "common/schedule/cron.hpp"
#include "common/schedule/time_zone.hpp"

namespace holdfast::config {

using enum ReloadEffect;

namespace {

Result<std::string> check_schedule(const std::string& text) {
  if (text.empty()) return text;
  HOLDFAST_TRY(schedule::Cron::parse(text));
  return text;
}

Result<std::string> check_timezone(const std::string& name) {
  if (name == "local") return name;
  HOLDFAST_TRY(schedule::TimeZone::named(name));
  return name;
}

}  // namespace

void append_schedule_fields(Program& program, Fields& fields) {
  const auto append = [&](Field field) { fields.push_back(std::move(field)); };
  append(text_field("schedule", Live, program.schedule, check_schedule));
  append(text_field("timezone", Live, program.timezone, check_timezone));
  append(duration_field("every", Live, program.every, 0s, 366 * 24h));
  append(choice_field<Overlap>(
      "overlap", Live, program.overlap,
      {{"skip", Overlap::Skip}, {"queue", Overlap::Queue}, {"replace", Overlap::Replace}}));
  append(duration_field("jitter", Live, program.jitter, 0s, 24h));
  append(flag_field("catch_up", Live, program.catch_up));
  append(flag_field("run_at_start", Live, program.run_at_start));
}

}  // namespace holdfast::config
