// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/alert_routes.hpp"

#include "common/base/duration.hpp"
#include "common/config/suggest.hpp"
#include "common/log/redact.hpp"
#include "common/text/glob.hpp"
#include "supervisor/alerts/condition_table.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::supervisor::status {

namespace {

using nlohmann::ordered_json;

constexpr Duration kLongestSilence = std::chrono::hours(24 * 365);

http::Response alert_answer(int status, const ordered_json& body, bool is_problem = false) {
  http::Response response = http::Response::json(
      status, body.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  response.headers.set("Cache-Control", "no-store");
  if (is_problem) response.headers.set("Content-Type", "application/problem+json");
  return response;
}

http::Response alert_problem(int status, const std::string& detail) {
  return alert_answer(status,
                      {{"type", "about:blank"},
                       {"title", http::reason_phrase(status)},
                       {"status", status},
                       {"detail", detail}},
                      true);
}

std::string value_of(const http::Request& request, std::string_view name) {
  const std::string* const value = request.query_value(name);
  return value == nullptr ? std::string() : *value;
}

// Names that the silence would cover.
bool covers_any(const std::string& name) {
  const auto all = alerts::conditions();
  return std::any_of(all.begin(), all.end(), [&](const alerts::Condition& one) {
    return one.kind != alerts::Condition::Kind::Elsewhere && text::glob_match(name, one.name);
  });
}

std::string no_such_alert(const std::string& name) {
  std::vector<std::string> known;
  for (const alerts::Condition& one : alerts::conditions()) {
    if (one.kind != alerts::Condition::Kind::Elsewhere) known.emplace_back(one.name);
  }
  return fmt::format("there is no alert '{}'{}", name, config::did_you_mean(name, known));
}

ordered_json described(const alerts::Alert& alert, const alerts::Moment& now) {
  ordered_json out{{"id", alert.id}, {"name", alert.key.name}};
  if (!alert.key.target.empty()) out["target"] = alert.key.target;
  if (!alert.program.empty()) out["program"] = alert.program;
  out["severity"] = alerts::to_string(alert.severity);
  out["summary"] = log::redact_text(alert.summary);
  out["description"] = alert.description;
  out["runbook"] = alert.runbook;
  out["started_at"] = format_rfc3339(alert.starts_at);
  if (alert.ends_at) out["ended_at"] = format_rfc3339(*alert.ends_at);
  const auto until = alert.ends_at.value_or(now.wall);
  out["seconds"] = std::max(0.0, std::chrono::duration<double>(until - alert.starts_at).count());
  out["count"] = alert.count;
  if (!alert.request_ids.empty()) out["request_ids"] = alert.request_ids;
  for (const alerts::ErrorSample& sample : alert.errors) {
    ordered_json one{{"time", format_rfc3339(sample.time)},
                     {"worker", sample.worker},
                     {"message", log::redact_text(sample.message)}};
    if (!sample.type.empty()) one["type"] = sample.type;
    if (!sample.request_id.empty()) one["request_id"] = sample.request_id;
    out["errors"].push_back(std::move(one));
  }
  return out;
}

}  // namespace

std::string alerts_json(const alerts::AlertView& view, const alerts::Moment& now) {
  ordered_json out;
  out["firing"] = ordered_json::array();
  for (const alerts::ShownAlert& shown : view.firing) {
    ordered_json one = described(shown.alert, now);
    if (!shown.inhibited.empty()) one["inhibited"] = shown.inhibited;
    if (shown.silenced_until) one["silenced_until"] = format_rfc3339(*shown.silenced_until);
    out["firing"].push_back(std::move(one));
  }
  out["silences"] = ordered_json::array();
  for (const alerts::Silence& silence : view.silences) {
    ordered_json one{{"name", silence.name}};
    if (!silence.target.empty()) one["target"] = silence.target;
    one["until"] = format_rfc3339(silence.until);
    out["silences"].push_back(std::move(one));
  }
  out["history"] = ordered_json::array();
  for (auto at = view.history->rbegin(); at != view.history->rend(); ++at)
    out["history"].push_back(described(*at, now));
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

void silence_alerts(alerts::AlertThread& alerts, const alerts::Moment& now,
                    const http::Request& request, http::Responder respond) {
  alerts::Silence silence;
  silence.name = value_of(request, "name");
  silence.target = value_of(request, "target");
  if (silence.name.empty()) return respond(alert_problem(422, "name is missing: an alert"));
  if (!covers_any(silence.name)) return respond(alert_problem(404, no_such_alert(silence.name)));
  const auto length = parse_duration(value_of(request, "for"));
  if (!length || *length <= Duration::zero() || *length > kLongestSilence) {
    return respond(
        alert_problem(422, "for must be a duration of up to 365d, such as 30m, 2h or 1d"));
  }
  silence.made_at = now.wall;
  silence.until = now.wall + std::chrono::duration_cast<WallTime::duration>(*length);
  const std::string message = fmt::format("{}{} is silenced until {}", silence.name,
                                          silence.target.empty() ? "" : " of " + silence.target,
                                          format_rfc3339(silence.until));
  alerts.silence(std::move(silence), [respond = std::move(respond), message] {
    respond(alert_answer(200, {{"ok", true}, {"message", message}}));
  });
}

void unsilence_alerts(alerts::AlertThread& alerts, const http::Request& request,
                      http::Responder respond) {
  const std::string name = value_of(request, "name");
  if (name.empty()) return respond(alert_problem(422, "name is missing: that of a silence"));
  alerts.unsilence(
      name, value_of(request, "target"), [respond = std::move(respond), name](std::size_t number) {
        if (number == 0)
          return respond(alert_problem(404, fmt::format("there is no silence of '{}'", name)));
        respond(alert_answer(200, {{"ok", true}, {"message", name + " is not silenced any more"}}));
      });
}

}  // namespace holdfast::supervisor::status
