// SPDX-License-Identifier: Apache-2.0
#pragma once

// The supervisor's HTTP interface: read-only everywhere, with commands on the admin socket only.
//
//   GET  / (the status page) /metrics /status /health /live /ready /events /series
//   GET  /logs /alerts, on the admin socket only
//   GET  /crashes; /crashes/ID and /crashes/latest, on the admin socket only
//   POST /restart /stop /start ?name=N    /scale ?name=N&count=K    /signal ?name=N&signal=S
//        /reload    /log-level ?level=L    /alerts/silence /alerts/unsilence (alert_routes.hpp)
//        /alerts/test ?receiver=R
//
// `name` may be repeated, and be a glob, "all" or "group:NAME" (core/selection.hpp); it narrows
// /status and /logs, too. All but /log-level are answered when their work is over; with wait=false
// as soon as it has begun.
//
// Threads: the handler runs on the telemetry thread.

#include "common/base/clock.hpp"
#include "common/http/server.hpp"
#include "supervisor/alerts/alert_thread.hpp"
#include "supervisor/state/control.hpp"
#include "supervisor/state/crash_store.hpp"
#include "supervisor/state/snapshot.hpp"
#include "supervisor/status/alert_test_route.hpp"
#include "supervisor/status/allowed_hosts.hpp"
#include "supervisor/status/event_feed.hpp"
#include "supervisor/status/log_feed.hpp"
#include "supervisor/status/status_json.hpp"
#include "supervisor/telemetry/history.hpp"

#include <functional>

namespace holdfast::supervisor::status {

struct Sources {
  const SnapshotCell& snapshots;
  const Heartbeat& heartbeat;
  const Clock& clock;
  EventFeed& events;
  LogFeed& logs;
  // Answers GET /metrics, after collecting.
  std::function<void(std::shared_ptr<http::Request>, http::Responder)> metrics;
  UsageOf usage;
  // The last minutes, for GET /series, /status and /ready?verbose.
  std::function<const telemetry::StackHistory&()> history;
  // What is remembered of alerts; null: nothing.
  alerts::AlertThread* alerts = nullptr;
  CrashStore* crashes = nullptr;  // null: no crash report is kept
  // Sends test messages, for POST /alerts/test.
  TestAlerts test_alerts = {};
};

// `control` null: read-only. `hosts` null: any will do, as on Unix sockets. All must outlive the
// handler. On the admin socket a restricted peer (a worker) reads what status.sock serves, and no
// more.
http::Handler make_handler(const Sources& sources, FleetControl* control,
                           const AllowedHosts* hosts = nullptr);
// The answer to a request that the HTTP parser refused.
http::Response refuse(const http::Request& request, const http::Refusal& refusal);

}  // namespace holdfast::supervisor::status
