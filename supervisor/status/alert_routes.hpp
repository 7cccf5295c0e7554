// SPDX-License-Identifier: Apache-2.0
#pragma once

// The routes of the admin socket about alerts:
//
//   GET  /alerts                                        what fires, silences, what has been
//   resolved POST /alerts/silence ?name=N&for=2h&target=T        POST /alerts/unsilence
//   ?name=N&target=T
//
// Threads: the telemetry thread; an answer may come from the alert thread.

#include "common/http/server.hpp"
#include "supervisor/alerts/alert_thread.hpp"

#include <string>

namespace holdfast::supervisor::status {

std::string alerts_json(const alerts::AlertView& view, const alerts::Moment& now);

void silence_alerts(alerts::AlertThread& alerts, const alerts::Moment& now,
                    const http::Request& request, http::Responder respond);
void unsilence_alerts(alerts::AlertThread& alerts, const http::Request& request,
                      http::Responder respond);

}  // namespace holdfast::supervisor::status
