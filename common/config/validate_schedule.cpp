// SPDX-License-Identifier: Apache-2.0
#include "common/base/duration.hpp"
#include "common/config/validate.hpp"

namespace holdfast::config {

namespace {

void warn_of_idle_keys(const Program& program, const std::string& section, LoadReport& report) {
  const auto warn = [&](const char* key, const char* needs) {
    if (!report.given(section, key)) return;
    report.warning(section, key, fmt::format("{} has no effect without {}", key, needs));
  };
  if (!is_scheduled(program)) {
    for (const char* key : {"overlap", "jitter", "catch_up", "run_at_start"})
      warn(key, "'schedule' or 'every'");
  }
  if (program.schedule.empty()) warn("timezone", "'schedule'");
}

}  // namespace

void validate_schedule(const Program& program, LoadReport& report) {
  const std::string section = "program." + program.name;
  warn_of_idle_keys(program, section, report);
  if (!is_scheduled(program)) return;
  const char* const key = program.schedule.empty() ? "every" : "schedule";
  const auto problem = [&](const char* at, std::string message) {
    report.problem(section, at, fmt::format("{}: {}", at, message));
  };
  if (program.type != ProgramType::Oneshot) {
    problem(key, "only a oneshot runs at times: set type = \"oneshot\"");
  }
  if (!program.schedule.empty() && program.every > 0s) {
    problem("every", "'schedule' is given as well; keep one of them");
  }
  if (program.every > 0s && program.every < 1s) {
    problem("every", fmt::format("{} is less than 1s", format_duration(program.every)));
  }
  if (program.every > 0s && program.jitter >= program.every) {
    problem("jitter", fmt::format("{} is not less than every, {}: a run could come after the next",
                                  format_duration(program.jitter), format_duration(program.every)));
  }
  if (program.required && report.given(section, "required")) {
    problem("required",
            "what runs at times does not count for /ready; an alert tells of a failure");
  }
}

}  // namespace holdfast::config
