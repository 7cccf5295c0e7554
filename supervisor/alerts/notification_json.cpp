// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/notification_json.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::supervisor::alerts {

namespace {

using StoredJson = nlohmann::json;

StoredJson stored_json(WallTime time) {
  return to_unix_ms(time);
}

StoredJson stored_json(const CrashReport& crash) {
  StoredJson threads = StoredJson::array();
  for (const ThreadStack& one : crash.threads)
    threads.push_back({{"thread", one.thread}, {"frames", one.frames}});
  StoredJson in_flight = StoredJson::array();
  for (const InFlight& one : crash.in_flight)
    in_flight.push_back({{"kind", one.kind}, {"id", one.id}, {"what", one.what}});
  return {{"id", crash.id},
          {"time", stored_json(crash.time)},
          {"program", crash.program},
          {"worker", crash.worker},
          {"incarnation", crash.incarnation},
          {"pid", crash.pid},
          {"kind", crash.kind},
          {"signaled", crash.exit.signaled},
          {"exit", crash.exit.value},
          {"core", crash.exit.core_dumped},
          {"summary", crash.summary},
          {"uptime_ns", crash.uptime.count()},
          {"oom", crash.oom},
          {"error_type", crash.error_type},
          {"error_message", crash.error_message},
          {"stack", crash.stack},
          {"threads", std::move(threads)},
          {"last_lines", crash.last_lines},
          {"in_flight", std::move(in_flight)},
          {"request_ids", crash.request_ids},
          {"restarts_in_hour", crash.restarts_in_hour},
          {"next_try", crash.next_try},
          {"core_dump", crash.core_dump},
          {"host", crash.host},
          {"version", crash.version}};
}

StoredJson stored_json(const Alert& alert) {
  StoredJson errors = StoredJson::array();
  for (const ErrorSample& error : alert.errors) {
    errors.push_back({{"time", stored_json(error.time)},
                      {"worker", error.worker},
                      {"message", error.message},
                      {"type", error.type},
                      {"stack", error.stack},
                      {"request_id", error.request_id}});
  }
  StoredJson json{{"id", alert.id},
                  {"name", alert.key.name},
                  {"target", alert.key.target},
                  {"program", alert.program},
                  {"severity", static_cast<int>(alert.severity)},
                  {"status", static_cast<int>(alert.status)},
                  {"summary", alert.summary},
                  {"description", alert.description},
                  {"runbook", alert.runbook},
                  {"starts_at", stored_json(alert.starts_at)},
                  {"last_event_at", stored_json(alert.last_event_at)},
                  {"count", alert.count},
                  {"suppressed", alert.suppressed},
                  {"errors", std::move(errors)},
                  {"request_ids", alert.request_ids}};
  if (alert.ends_at) json["ends_at"] = stored_json(*alert.ends_at);
  if (alert.crash) json["crash"] = stored_json(*alert.crash);
  return json;
}

// Reads members, leaving what is missing as it is. Throws StoredJson::exception on a wrong type.
class Members {
 public:
  explicit Members(const StoredJson& json) : json_(json) {}

  template <class T>
  void read(const char* key, T& value) const {
    if (json_.contains(key)) json_.at(key).get_to(value);
  }
  void read(const char* key, WallTime& value) const {
    if (json_.contains(key)) value = from_unix_ms(json_.at(key).get<std::int64_t>());
  }
  template <class T>
  void read_enum(const char* key, T& value, T last) const {
    int number = 0;
    read(key, number);
    if (number >= 0 && number <= static_cast<int>(last)) value = static_cast<T>(number);
  }

 private:
  const StoredJson& json_;
};

CrashReportPtr stored_crash(const StoredJson& json) {
  auto crash = std::make_shared<CrashReport>();
  const Members members(json);
  members.read("id", crash->id);
  members.read("time", crash->time);
  members.read("program", crash->program);
  members.read("worker", crash->worker);
  members.read("incarnation", crash->incarnation);
  members.read("pid", crash->pid);
  members.read("kind", crash->kind);
  members.read("signaled", crash->exit.signaled);
  members.read("exit", crash->exit.value);
  members.read("core", crash->exit.core_dumped);
  members.read("summary", crash->summary);
  std::int64_t uptime = 0;
  members.read("uptime_ns", uptime);
  crash->uptime = Duration(uptime);
  members.read("oom", crash->oom);
  members.read("error_type", crash->error_type);
  members.read("error_message", crash->error_message);
  members.read("stack", crash->stack);
  for (const StoredJson& one : json.value("threads", StoredJson::array())) {
    ThreadStack& thread = crash->threads.emplace_back();
    Members(one).read("thread", thread.thread);
    Members(one).read("frames", thread.frames);
  }
  members.read("last_lines", crash->last_lines);
  for (const StoredJson& one : json.value("in_flight", StoredJson::array())) {
    InFlight& in_flight = crash->in_flight.emplace_back();
    Members(one).read("kind", in_flight.kind);
    Members(one).read("id", in_flight.id);
    Members(one).read("what", in_flight.what);
  }
  members.read("request_ids", crash->request_ids);
  members.read("restarts_in_hour", crash->restarts_in_hour);
  members.read("next_try", crash->next_try);
  members.read("core_dump", crash->core_dump);
  members.read("host", crash->host);
  members.read("version", crash->version);
  return crash;
}

Alert stored_alert(const StoredJson& json) {
  Alert alert;
  const Members members(json);
  members.read("id", alert.id);
  members.read("name", alert.key.name);
  members.read("target", alert.key.target);
  members.read("program", alert.program);
  members.read_enum("severity", alert.severity, Severity::Critical);
  members.read_enum("status", alert.status, AlertStatus::Resolved);
  members.read("summary", alert.summary);
  members.read("description", alert.description);
  members.read("runbook", alert.runbook);
  members.read("starts_at", alert.starts_at);
  members.read("last_event_at", alert.last_event_at);
  members.read("count", alert.count);
  members.read("suppressed", alert.suppressed);
  members.read("request_ids", alert.request_ids);
  for (const StoredJson& one : json.value("errors", StoredJson::array())) {
    ErrorSample& error = alert.errors.emplace_back();
    const Members of_error(one);
    of_error.read("time", error.time);
    of_error.read("worker", error.worker);
    of_error.read("message", error.message);
    of_error.read("type", error.type);
    of_error.read("stack", error.stack);
    of_error.read("request_id", error.request_id);
  }
  if (json.contains("ends_at")) members.read("ends_at", alert.ends_at.emplace());
  if (json.contains("crash")) alert.crash = stored_crash(json.at("crash"));
  return alert;
}

}  // namespace

const char* severity_name(Severity severity) {
  switch (severity) {
    case Severity::Info: return "info";
    case Severity::Warning: return "warning";
    case Severity::Critical: return "critical";
  }
  return "warning";
}

const char* status_name(AlertStatus status) {
  return status == AlertStatus::Firing ? "firing" : "resolved";
}

std::string to_json(const Notification& notification) {
  StoredJson alerts = StoredJson::array();
  for (const Alert& alert : notification.alerts)
    alerts.push_back(stored_json(alert));
  const StoredJson json{{"id", notification.id},
                        {"receiver", notification.receiver},
                        {"status", static_cast<int>(notification.status)},
                        {"severity", static_cast<int>(notification.severity)},
                        {"group", notification.group},
                        {"alerts", std::move(alerts)},
                        {"more", notification.more},
                        {"still_firing", notification.still_firing},
                        {"test", notification.test},
                        {"note", notification.note},
                        {"host", notification.host},
                        {"version", notification.version},
                        {"made_at", stored_json(notification.made_at)}};
  return json.dump(-1, ' ', false, StoredJson::error_handler_t::replace);
}

std::optional<Notification> notification_from_json(std::string_view text) {
  try {
    const StoredJson json = StoredJson::parse(text);
    Notification notification;
    const Members members(json);
    members.read("id", notification.id);
    members.read("receiver", notification.receiver);
    members.read_enum("status", notification.status, AlertStatus::Resolved);
    members.read_enum("severity", notification.severity, Severity::Critical);
    members.read("group", notification.group);
    members.read("more", notification.more);
    members.read("still_firing", notification.still_firing);
    members.read("test", notification.test);
    members.read("note", notification.note);
    members.read("host", notification.host);
    members.read("version", notification.version);
    members.read("made_at", notification.made_at);
    for (const StoredJson& alert : json.value("alerts", StoredJson::array()))
      notification.alerts.push_back(stored_alert(alert));
    if (notification.id.empty()) return std::nullopt;
    return notification;
  } catch (const StoredJson::exception&) {
    return std::nullopt;
  }
}

}  // namespace holdfast::supervisor::alerts
