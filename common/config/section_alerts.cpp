// SPDX-License-Identifier: Apache-2.0
// The fields of [alerts] and [alert_rule.NAME].
#include "common/config/schema.hpp"

#include <memory>

namespace holdfast::config {

using enum ReloadEffect;

namespace {

Result<std::string> check_runbook_url(const std::string& text) {
  if (text.empty() || text.starts_with("https://") || text.starts_with("http://")) return text;
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' must be an http:// or https:// URL that the name of an alert can "
                          "be appended to, such as \"https://wiki.example.com/runbooks/\"",
                          text));
}

// `field` is bound to a place of its own, for it knows how to read; the member is unset until then.
template <class T>
Field unset_field(const std::shared_ptr<T>& place, std::optional<T>& value, Field field) {
  field.read = [read = std::move(field.read), place, &value](const Value& given,
                                                             Complaints& complaints) {
    const std::size_t before = complaints.size();
    read(given, complaints);
    if (complaints.size() == before) value = *place;
  };
  field.write = [write = std::move(field.write), place, &value]() -> std::optional<Value> {
    if (!value) return {};
    *place = *value;
    return write();
  };
  field.save = [&value] { return std::any(value); };
  field.restore = [&value](const std::any& saved) {
    value = std::any_cast<const std::optional<T>&>(saved);
  };
  return field;
}

Field optional_duration(std::string key, std::optional<Duration>& value, Duration min,
                        Duration max) {
  auto place = std::make_shared<Duration>();
  return unset_field(place, value, duration_field(std::move(key), Live, *place, min, max));
}

Field optional_count(std::string key, std::optional<std::uint32_t>& value, std::uint32_t min,
                     std::uint32_t max) {
  auto place = std::make_shared<std::uint32_t>();
  return unset_field(place, value, count_field(std::move(key), Live, *place, min, max));
}

Field severity_field(std::string& value) {
  Field field = choice_field<std::string>(
      "severity", Live, value,
      {{"info", "info"}, {"warning", "warning"}, {"critical", "critical"}});
  return field;
}

}  // namespace

Fields fields_of(Alerts& alerts) {
  return {
      flag_field("enabled", Live, alerts.enabled),
      duration_field("group_wait", Live, alerts.group_wait, 0s, 10min),
      duration_field("cooldown", Live, alerts.cooldown, 1s, 168h),
      duration_field("repeat_interval", Live, alerts.repeat_interval, 1s, 720h),
      duration_field("startup_grace", Live, alerts.startup_grace, 0s, 1h),
      text_field("runbook_url", Live, alerts.runbook_url, check_runbook_url),
      duration_field("keep_history", Live, alerts.keep_history, 1h, 8760h),
  };
}

Fields fields_of(AlertRule& rule) {
  return {
      flag_field("enabled", Live, rule.enabled),
      severity_field(rule.severity),
      optional_duration("for", rule.hold, 0s, 24h),
      optional_count("count", rule.count, 1, 10'000),
      optional_duration("window", rule.window, 1s, 24h),
      optional_duration("threshold", rule.threshold, 1s, 720h),
      optional_duration("cooldown", rule.cooldown, 1s, 168h),
  };
}

}  // namespace holdfast::config
