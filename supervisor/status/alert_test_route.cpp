// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/alert_test_route.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::supervisor::status {

namespace {

using ReportJson = nlohmann::ordered_json;

http::Response answer_of(int status, const ReportJson& body, const char* type) {
  http::Response response =
      http::Response::json(status, body.dump(-1, ' ', false, ReportJson::error_handler_t::replace));
  response.headers.set("Content-Type", type);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::Response no_receiver(const std::optional<std::string>& receiver) {
  const std::string detail =
      receiver ? fmt::format("there is no [alert_receiver.{}]", *receiver)
               : std::string(
                     "no receiver of alerts is configured: add an [alert_receiver.NAME], or "
                     "set ALERT_WEBHOOK_URL");
  const int status = receiver ? 404 : 409;
  return answer_of(status,
                   {{"type", "about:blank"},
                    {"title", http::reason_phrase(status)},
                    {"status", status},
                    {"detail", detail}},
                   "application/problem+json");
}

}  // namespace

void test_alerts(const TestAlerts& test, const http::Request& request, http::Responder respond) {
  std::optional<std::string> receiver;
  if (const std::string* const name = request.query_value("receiver")) receiver = *name;
  if (!test) return respond(no_receiver(receiver));
  test(receiver,
       [receiver, respond = std::move(respond)](const std::vector<alerts::TestReport>& reports) {
         if (reports.empty()) return respond(no_receiver(receiver));
         auto list = ReportJson::array();
         for (const alerts::TestReport& report : reports) {
           list.push_back({{"receiver", report.receiver},
                           {"type", report.type},
                           {"ok", report.ok},
                           {"sent", report.sent},
                           {"answered", report.answered}});
         }
         const bool ok = std::all_of(reports.begin(), reports.end(),
                                     [](const alerts::TestReport& report) { return report.ok; });
         respond(answer_of(200, {{"ok", ok}, {"reports", std::move(list)}}, "application/json"));
       });
}

}  // namespace holdfast::supervisor::status
