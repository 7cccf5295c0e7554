// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/delivery/samples.hpp"

#include <fmt/format.h>

namespace holdfast::supervisor::alerts::samples {

namespace {

const WallTime kStart = from_unix_ms(1'795'434'163'482);  // 2026-11-23T11:42:43.482Z

}  // namespace

Alert alert(const std::string& name, AlertStatus status) {
  Alert alert;
  alert.id = "01J-" + name;
  alert.key = {name, "api-worker.0"};
  alert.program = "api-worker";
  alert.severity = Severity::Critical;
  alert.status = status;
  alert.summary = name + " of api-worker.0";
  alert.starts_at = alert.last_event_at = kStart;
  if (status == AlertStatus::Resolved) alert.ends_at = kStart + std::chrono::seconds(90);
  alert.count = 1;
  return alert;
}

Notification notification(const std::string& name, int number, AlertStatus status) {
  Notification notification;
  notification.id = fmt::format("{}-{}", name, number);
  notification.receiver = "ops";
  notification.status = status;
  notification.severity = Severity::Critical;
  notification.group = name + "/api-worker";
  notification.host = "host-1";
  notification.version = "1.0.0";
  notification.made_at = kStart;
  notification.alerts.push_back(alert(name, status));
  return notification;
}

Notification crash() {
  Notification message = notification("HoldfastWorkerCrashed", 1);
  CrashReport report;
  report.id = "20261123T114243-1";
  report.time = kStart;
  report.program = "api-worker";
  report.worker = "api-worker.0";
  report.incarnation = 17;
  report.pid = 4711;
  report.kind = "crashed";
  report.exit = {true, 11, true, false};
  report.summary = "signal 11 (SIGSEGV) after 3 h 12 min";
  report.uptime = std::chrono::hours(3) + std::chrono::minutes(12);
  report.error_type = "std::out_of_range";
  report.error_message = "vector::_M_range_check";
  report.stack = {"search(Request const&) at search.cpp:42", "handle(Request const&)"};
  report.last_lines = {"{\"level\":\"info\",\"msg\":\"request\"}", "about to search <b>&co"};
  report.in_flight = {{"request", "req-7", "POST /api/search"}};
  report.request_ids = {"req-7"};
  report.restarts_in_hour = 4;
  report.next_try = "in 8 s";
  report.core_dump = "coredumpctl info 4711";
  report.host = "host-1";
  report.version = "1.0.0";
  Alert& alert = message.alerts.front();
  alert.summary = "api-worker.0 crashed: signal 11 (SIGSEGV) after 3 h 12 min";
  alert.description = "A worker ended on its own; it is started again.";
  alert.runbook = "https://example.org/runbooks/HoldfastWorkerCrashed.md";
  alert.request_ids = {"req-7"};
  alert.crash = std::make_shared<const CrashReport>(report);
  return message;
}

Notification monster() {
  Notification message = crash();
  std::string evil;
  while (evil.size() < 20'000)
    evil += "<!channel> @everyone ``` \xF0\x9F\x92\xA3 \x1b[31m & \xff *_~ [x](http://evil) ";
  CrashReport report = *message.alerts.front().crash;
  report.stack.assign(100, evil.substr(0, 3000));
  report.last_lines.assign(20, evil.substr(0, 1500));
  report.error_message = report.next_try = report.core_dump = report.oom = evil;
  report.in_flight.assign(40, {"request", evil.substr(0, 900), evil});
  Alert one = message.alerts.front();
  one.summary = one.description = one.runbook = evil;
  one.request_ids.assign(30, evil.substr(0, 300));
  one.errors.assign(10, {kStart, evil, evil, evil, evil, evil});
  one.crash = std::make_shared<const CrashReport>(report);
  message.alerts.assign(1, one);
  message.note = message.host = evil;
  return message;
}

}  // namespace holdfast::supervisor::alerts::samples
