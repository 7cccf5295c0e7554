// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/systemd_timer.hpp"

#include "common/schedule/cron.hpp"
#include "common/schedule/time_zone.hpp"
#include "common/text/ascii.hpp"
#include "supervisor/import/ini.hpp"
#include "supervisor/import/systemd_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::supervisor::importer {

namespace {

using namespace std::chrono_literals;

bool is_on(const std::string& value) {
  const std::string lower = text::to_lower(value);
  return lower == "yes" || lower == "true" || lower == "on" || lower == "1";
}

IniSection timer_section(const Source& timer) {
  for (IniSection& section : parse_ini(timer.text, IniDialect::Systemd)) {
    if (section.name == "Timer") return std::move(section);
  }
  return {};
}

class TimerImport {
 public:
  TimerImport(const IniSection& timer, Section& out) : timer_(timer), out_(out) {}

  void run() {
    for (const IniAssignment& one : timer_.assignments)
      assignment(one);
    if (!out_.has("schedule") && !out_.has("every")) {
      out_.leave_out("the timer", "it has no time that is a 'schedule' or an 'every' here");
      return;
    }
    if (starts_) out_.set_flag("run_at_start", true);
    if (const IniAssignment* delay = timer_.find("RandomizedDelaySec")) jitter(*delay);
    // Only times of the calendar are remembered there, too.
    if (is_on(timer_.value("Persistent")) && out_.has("schedule")) out_.set_flag("catch_up", true);
  }

 private:
  void leave_out(const IniAssignment& one, const std::string& why) {
    out_.leave_out(fmt::format("{}={}", one.key, one.value), why);
  }

  void assignment(const IniAssignment& one) {
    static constexpr std::array<std::string_view, 6> kDone{
        "Unit",        "Persistent",        "RandomizedDelaySec",
        "AccuracySec", "RemainAfterElapse", "FixedRandomDelay"};
    if (one.value.empty()) return;
    if (one.key == "OnCalendar") {
      calendar(one);
    } else if (one.key == "OnUnitActiveSec" || one.key == "OnUnitInactiveSec") {
      interval(one);
    } else if (one.key == "OnBootSec" || one.key == "OnStartupSec" || one.key == "OnActiveSec") {
      starts_ = true;
      const auto span = time_span(one.value);
      if (!span) leave_out(one, kNoTime);
      if (span && *span > 1min) leave_out(one, "run_at_start runs it at once, without this delay");
    } else if (std::find(kDone.begin(), kDone.end(), one.key) == kDone.end()) {
      leave_out(one, "");
    }
  }

  void calendar(const IniAssignment& one) {
    if (out_.has("schedule") || out_.has("every"))
      return leave_out(one, "one schedule per program: make it a second program");
    const auto time = calendar_time(one.value);
    if (!time) return leave_out(one, time.error().message);
    if (const auto cron = schedule::Cron::parse(time->cron); !cron)
      return leave_out(one, cron.error().message);
    const bool zone = time->timezone.empty() || schedule::TimeZone::named(time->timezone);
    if (!zone) return leave_out(one, fmt::format("no time zone '{}' here", time->timezone));
    out_.comment("OnCalendar=" + one.value);
    out_.set_text("schedule", time->cron);
    if (!time->timezone.empty()) out_.set_text("timezone", time->timezone);
  }

  void interval(const IniAssignment& one) {
    if (out_.has("schedule") || out_.has("every"))
      return leave_out(one, "one schedule per program: make it a second program");
    const auto span = time_span(one.value);
    if (!span) return leave_out(one, kNoTime);
    if (*span < 1s) return leave_out(one, "an 'every' is from 1s on");
    if (one.key == "OnUnitInactiveSec")
      out_.comment("OnUnitInactiveSec counts from the end of a run, 'every' from its beginning");
    out_.set_duration("every", *span);
  }

  void jitter(const IniAssignment& one) {
    if (one.value.empty()) return;
    const auto delay = time_span(one.value);
    if (!delay) return leave_out(one, kNoTime);
    if (*delay > 0s) out_.set_duration("jitter", *delay);
  }

  const IniSection& timer_;
  Section& out_;
  bool starts_ = false;
};

}  // namespace

bool is_timer(const Source& source) {
  return source.path.extension() == ".timer" || !timer_section(source).assignments.empty();
}

std::string service_of_timer(const Source& timer) {
  return timer_section(timer).value("Unit", timer.path.stem().native() + ".service");
}

void import_timer(const Source& timer, Section& program) {
  TimerImport(timer_section(timer), program).run();
}

}  // namespace holdfast::supervisor::importer
