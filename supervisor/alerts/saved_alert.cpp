// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/saved_alert.hpp"

#include "supervisor/alerts/condition_table.hpp"

#include <utility>

namespace holdfast::supervisor::alerts {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string saved_text(const json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::int64_t saved_number(const json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
}

std::uint64_t saved_count(const json& from, const char* key) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(saved_number(from, key), 0));
}

bool saved_flag(const json& from, const char* key) {
  const auto at = from.find(key);
  return at != from.end() && at->is_boolean() && at->get<bool>();
}

ordered_json saved_sample(const ErrorSample& sample) {
  ordered_json out{
      {"time_ms", to_unix_ms(sample.time)}, {"worker", sample.worker}, {"message", sample.message}};
  if (!sample.type.empty()) out["type"] = sample.type;
  if (!sample.stack.empty()) out["stack"] = sample.stack;
  if (!sample.request_id.empty()) out["request_id"] = sample.request_id;
  return out;
}

ErrorSample sample_from(const json& from) {
  return {from_unix_ms(saved_number(from, "time_ms")),
          saved_text(from, "worker"),
          saved_text(from, "message"),
          saved_text(from, "type"),
          saved_text(from, "stack"),
          saved_text(from, "request_id")};
}

ordered_json saved_told(const Told& told, const Moment& now) {
  ordered_json out{{"last", static_cast<int>(told.last)},
                   {"severity", to_string(told.severity)},
                   {"fired_ms", to_unix_ms(now.wall_of(told.fired_at))},
                   {"repeated", told.repeated},
                   {"escalated", told.escalated},
                   {"count", told.count},
                   {"missed", told.missed}};
  if (told.sent != Told::Sent::Nothing) {
    out["sent"] = {{"what", static_cast<int>(told.sent)},
                   {"notification", told.notification},
                   {"at_ms", to_unix_ms(now.wall_of(told.sent_at))},
                   {"severity", to_string(told.sent_severity)},
                   {"count", told.sent_count}};
  }
  return out;
}

Told told_from(const json& from, const Moment& now) {
  Told told;
  const std::int64_t last = saved_number(from, "last");
  if (last >= 0 && last <= static_cast<int>(Told::Last::Resolved))
    told.last = static_cast<Told::Last>(last);
  told.severity = severity_of(saved_text(from, "severity"));
  told.fired_at = now.mono_of(from_unix_ms(saved_number(from, "fired_ms")));
  told.repeated = saved_flag(from, "repeated");
  told.escalated = saved_flag(from, "escalated");
  told.count = saved_count(from, "count");
  told.missed = saved_flag(from, "missed");
  const auto sent = from.find("sent");
  if (sent == from.end() || !sent->is_object()) return told;
  const std::int64_t what = saved_number(*sent, "what");
  if (what <= 0 || what > static_cast<int>(Told::Sent::Recovered)) return told;
  told.sent = static_cast<Told::Sent>(what);
  told.notification = saved_text(*sent, "notification");
  told.sent_at = now.mono_of(from_unix_ms(saved_number(*sent, "at_ms")));
  told.sent_severity = severity_of(saved_text(*sent, "severity"));
  told.sent_count = saved_count(*sent, "count");
  return told;
}

}  // namespace

ordered_json to_json(const Alert& alert) {
  ordered_json out{{"id", alert.id}, {"name", alert.key.name}};
  if (!alert.key.target.empty()) out["target"] = alert.key.target;
  if (!alert.program.empty()) out["program"] = alert.program;
  out["severity"] = to_string(alert.severity);
  out["status"] = alert.status == AlertStatus::Firing ? "firing" : "resolved";
  out["summary"] = alert.summary;
  out["description"] = alert.description;
  out["runbook"] = alert.runbook;
  out["starts_ms"] = to_unix_ms(alert.starts_at);
  if (alert.ends_at) out["ends_ms"] = to_unix_ms(*alert.ends_at);
  out["last_event_ms"] = to_unix_ms(alert.last_event_at);
  out["count"] = alert.count;
  if (!alert.request_ids.empty()) out["request_ids"] = alert.request_ids;
  for (const ErrorSample& sample : alert.errors)
    out["errors"].push_back(saved_sample(sample));
  return out;
}

std::optional<Alert> alert_from(const json& from) {
  if (!from.is_object()) return {};
  Alert alert;
  alert.id = saved_text(from, "id");
  alert.key = {saved_text(from, "name"), saved_text(from, "target")};
  if (alert.id.empty() || find_condition(alert.key.name) == nullptr) return {};
  alert.program = saved_text(from, "program");
  alert.severity = severity_of(saved_text(from, "severity"));
  alert.status =
      saved_text(from, "status") == "resolved" ? AlertStatus::Resolved : AlertStatus::Firing;
  alert.summary = saved_text(from, "summary");
  alert.description = saved_text(from, "description");
  alert.runbook = saved_text(from, "runbook");
  alert.starts_at = from_unix_ms(saved_number(from, "starts_ms"));
  if (from.contains("ends_ms")) alert.ends_at = from_unix_ms(saved_number(from, "ends_ms"));
  alert.last_event_at = from_unix_ms(saved_number(from, "last_event_ms"));
  alert.count = saved_count(from, "count");
  if (const auto ids = from.find("request_ids"); ids != from.end() && ids->is_array()) {
    for (const json& id : *ids) {
      if (id.is_string()) alert.request_ids.push_back(id.get<std::string>());
    }
  }
  if (const auto errors = from.find("errors"); errors != from.end() && errors->is_array()) {
    for (const json& sample : *errors) {
      if (sample.is_object()) alert.errors.push_back(sample_from(sample));
    }
  }
  return alert;
}

std::string save(const AlertEpisode& episode, const Moment& now) {
  ordered_json out{{"alert", to_json(episode.alert)}, {"firing", episode.firing}};
  out["told"] = ordered_json::object();
  for (const auto& [receiver, told] : episode.told)
    out["told"][receiver] = saved_told(told, now);
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::optional<AlertEpisode> load_episode(const std::string& text, const Moment& now) {
  const json from = json::parse(text, nullptr, false);
  if (!from.is_object() || !from.contains("alert")) return {};
  const auto alert = alert_from(from["alert"]);
  if (!alert) return {};
  AlertEpisode episode;
  episode.alert = *alert;
  episode.firing = saved_flag(from, "firing");
  if (const auto told = from.find("told"); told != from.end() && told->is_object()) {
    for (const auto& [receiver, one] : told->items()) {
      if (one.is_object()) episode.told[receiver] = told_from(one, now);
    }
  }
  return episode;
}

}  // namespace holdfast::supervisor::alerts
