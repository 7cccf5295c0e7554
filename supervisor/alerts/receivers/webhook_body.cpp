// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/receivers/webhook_body.hpp"

#include "common/log/redact.hpp"
#include "common/os/signal_name.hpp"
#include "common/text/utf8.hpp"
#include "supervisor/alerts/notification_json.hpp"
#include "supervisor/alerts/receivers/alert_labels.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kNoTime = "0001-01-01T00:00:00Z";
constexpr std::size_t kWebhookLine = 1000;  // of a stack or a log, in bytes
constexpr std::size_t kWebhookFrames = 64;
constexpr std::size_t kWebhookTail = 20;

std::string masked(std::string_view text) {
  return log::redact_text(text::truncate_utf8(text, kWebhookLine));
}

// The first, or for a log the last, `most` of them.
Json lines_of(const std::vector<std::string>& lines, std::size_t most, bool last) {
  const std::size_t count = std::min(lines.size(), most);
  const std::size_t begin = last ? lines.size() - count : 0;
  Json json = Json::array();
  for (std::size_t i = begin; i < begin + count; ++i)
    json.push_back(masked(lines[i]));
  return json;
}

Json exit_of(const core::ExitStatus& exit) {
  Json json{{"signal", nullptr}, {"code", nullptr}, {"core", exit.core_dumped}};
  if (exit.signaled) {
    json["signal"] = "SIG" + os::signal_name(exit.value);
  } else {
    json["code"] = exit.value;
  }
  return json;
}

Json crash_json(const CrashReport& crash) {
  Json in_flight = Json::array();
  for (const InFlight& one : crash.in_flight)
    in_flight.push_back({{"kind", one.kind}, {"id", one.id}, {"what", masked(one.what)}});
  Json threads = Json::array();
  for (const ThreadStack& one : crash.threads)
    threads.push_back(
        {{"thread", one.thread}, {"stack", lines_of(one.frames, kWebhookFrames, false)}});
  return {{"id", crash.id},
          {"kind", crash.kind},
          {"worker", crash.worker},
          {"incarnation", crash.incarnation},
          {"pid", crash.pid},
          {"exit", exit_of(crash.exit)},
          {"uptime_seconds", std::chrono::duration<double>(crash.uptime).count()},
          {"out_of_memory", crash.oom},
          {"error", {{"type", crash.error_type}, {"message", masked(crash.error_message)}}},
          {"stack", lines_of(crash.stack, kWebhookFrames, false)},
          {"threads", std::move(threads)},
          {"log_tail", lines_of(crash.last_lines, kWebhookTail, true)},
          {"in_flight", std::move(in_flight)},
          {"restarts_in_hour", crash.restarts_in_hour},
          {"next_try", crash.next_try},
          {"core_dump", crash.core_dump}};
}

Json details_of(const Alert& alert) {
  Json errors = Json::array();
  for (const ErrorSample& error : alert.errors) {
    errors.push_back({{"time", format_rfc3339(error.time)},
                      {"worker", error.worker},
                      {"type", error.type},
                      {"message", masked(error.message)},
                      {"stack", log::redact_text(error.stack)},
                      {"request_id", error.request_id}});
  }
  Json json{{"id", alert.id},
            {"fingerprint", fingerprint_of(alert.key)},
            {"count", alert.count},
            {"suppressed", alert.suppressed},
            {"request_ids", alert.request_ids},
            {"errors", std::move(errors)}};
  if (alert.crash) json["crash"] = crash_json(*alert.crash);
  return json;
}

Json alert_json(const Alert& alert, const Notification& notification) {
  return {{"status", status_name(alert.status)},
          {"labels", labels_of(alert, notification.host)},
          {"annotations", annotations_of(alert, {})},
          {"startsAt", format_rfc3339(alert.starts_at)},
          {"endsAt", alert.ends_at ? format_rfc3339(*alert.ends_at) : std::string(kNoTime)},
          {"generatorURL", ""},
          {"fingerprint", fingerprint_of(alert.key)}};
}

void keep_common(Labels& common, const Labels& other) {
  std::erase_if(common, [&](const auto& entry) {
    const auto found = other.find(entry.first);
    return found == other.end() || found->second != entry.second;
  });
}

}  // namespace

std::string webhook_body(const Notification& notification, bool minimal) {
  Json alerts = Json::array();
  Json details = Json::array();
  Labels common_labels;
  Labels common_annotations;
  for (const Alert& alert : notification.alerts) {
    const Labels labels = labels_of(alert, notification.host);
    const Labels annotations = annotations_of(alert, {});
    if (alerts.empty()) {
      common_labels = labels;
      common_annotations = annotations;
    } else {
      keep_common(common_labels, labels);
      keep_common(common_annotations, annotations);
    }
    alerts.push_back(alert_json(alert, notification));
    details.push_back(details_of(alert));
  }
  Labels group_labels;
  if (const auto name = common_labels.find("alertname"); name != common_labels.end())
    group_labels.insert(*name);
  Json body{{"version", "4"},
            {"groupKey", "holdfast:" + notification.group},
            {"truncatedAlerts", notification.more},
            {"status", status_name(notification.status)},
            {"receiver", notification.receiver},
            {"groupLabels", group_labels},
            {"commonLabels", common_labels},
            {"commonAnnotations", common_annotations},
            {"externalURL", ""},
            {"alerts", std::move(alerts)}};
  if (!minimal) {
    body["holdfast"] = {{"id", notification.id},
                        {"version", notification.version},
                        {"host", notification.host},
                        {"time", format_rfc3339(notification.made_at)},
                        {"test", notification.test},
                        {"still_firing", notification.still_firing},
                        {"note", log::redact_text(notification.note)},
                        {"alerts", std::move(details)}};
  }
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace holdfast::supervisor::alerts
