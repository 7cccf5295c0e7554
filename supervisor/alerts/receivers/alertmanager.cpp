// SPDX-License-Identifier: Apache-2.0
// Alertmanager's API, version 2. It groups, repeats and silences by itself, and takes an alert for
// resolved that it has not heard of for a while.
#include "supervisor/alerts/receivers/alert_labels.hpp"
#include "supervisor/alerts/receivers/http_answer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

using Json = nlohmann::ordered_json;

constexpr auto kStaysFiring = std::chrono::minutes(5);
constexpr std::string_view kPath = "/api/v2/alerts";

std::string api_url(std::string url) {
  if (url.ends_with(kPath)) return url;
  while (url.ends_with('/'))
    url.pop_back();
  return url + std::string(kPath);
}

Request render_alertmanager(const Target& target, const Notification& notification, bool minimal,
                            WallTime now) {
  Json alerts = Json::array();
  for (const Alert& alert : notification.alerts) {
    Labels labels = labels_of(alert, notification.host);
    if (notification.test) labels["test"] = "true";
    const bool firing = alert.status == AlertStatus::Firing;
    // A test is over soon, whoever looks.
    const WallTime ends = firing
                              ? now + (notification.test ? std::chrono::minutes(1) : kStaysFiring)
                              : alert.ends_at.value_or(now);
    Json one{{"labels", labels},
             {"startsAt", format_rfc3339(alert.starts_at)},
             {"endsAt", format_rfc3339(std::max(ends, alert.starts_at))}};
    if (!minimal) one["annotations"] = annotations_of(alert, notification.note);
    alerts.push_back(std::move(one));
  }
  HttpRequest request{
      api_url(target.url), {}, alerts.dump(-1, ' ', false, Json::error_handler_t::replace)};
  request.headers.set("Content-Type", "application/json");
  return request;
}

}  // namespace

const ReceiverKind kAlertmanager{"alertmanager", true, render_alertmanager, judge_http};

}  // namespace holdfast::supervisor::alerts
