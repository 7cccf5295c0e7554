// SPDX-License-Identifier: Apache-2.0
#pragma once

// POST /alerts/test on the admin socket: sends a test message to one receiver (?receiver=R) or to
// all, and answers with what was sent and what came back:
//
//   {"ok":true,"reports":[{"receiver":"ops","type":"slack","ok":true,"sent":"…","answered":"…"}]}
//
// 404: there is no such receiver. 409: there is none at all.
//
// Threads: the telemetry thread; the answer comes from whichever thread has sent the messages.

#include "common/http/handler.hpp"
#include "supervisor/alerts/delivery.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::status {

using AlertsTested = std::function<void(std::vector<alerts::TestReport>)>;
using TestAlerts = std::function<void(std::optional<std::string> receiver, AlertsTested done)>;

void test_alerts(const TestAlerts& test, const http::Request& request, http::Responder respond);

}  // namespace holdfast::supervisor::status
