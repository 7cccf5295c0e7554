// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/health.hpp"

#include "api-worker/handlers/diagnostics_access.hpp"
#include "api-worker/handlers/relay.hpp"
#include "api-worker/handlers/shared_answer.hpp"
#include "common/base/version.hpp"
#include "common/protocol/names.hpp"
#include "common/text/json_writer.hpp"

#include <cmath>
#include <memory>

namespace holdfast::api {

namespace {

http::Response uncached(std::string body) {
  http::Response response = http::Response::json(200, std::move(body));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

std::string health_json(const Services& services) {
  const std::chrono::duration<double> uptime = services.clock.mono() - services.started;
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.field("status", "ok");
  json.field("uptime_seconds", std::floor(uptime.count() * 1000) / 1000);
  json.field("version", kVersion);
  json.end_object();
  return out;
}

}  // namespace

void add_health_routes(Router& router, const Services& services) {
  router.add("GET", protocol::kHealthPath, [&services](const ContextPtr&, const Reply& reply) {
    reply(uncached(health_json(services)));
  });
  router.add("GET", protocol::kLivePath,
             [](const ContextPtr&, const Reply& reply) { reply(uncached(R"({"status":"ok"})")); });
  const auto relayed = [&services](const std::string& target) {
    return std::make_shared<SharedAnswer>(services.clock, [&services, target](Reply reply) {
      relay(services, target, {}, std::move(reply));
    });
  };
  router.add(
      "GET", protocol::kReadyPath,
      [&services, brief = relayed(protocol::kReadyPath),
       full = relayed(fmt::format("{}?{}", protocol::kReadyPath, protocol::kVerboseQuery))](
          const ContextPtr& context, const Reply& reply) {
        if (!services.status_socket.empty()) {
          const bool verbose = context->request->query_value(protocol::kVerboseQuery) != nullptr &&
                               may_view_diagnostics(*context, services.metrics_allow);
          return (verbose ? full : brief)->get(reply);
        }
        answer(services, context, Work::Scan, reply, [&services]() -> Result<http::Response> {
          HOLDFAST_TRY(services.store.check());
          return uncached(R"({"status":"pass","checks":{"database":{"status":"pass"}}})");
        });
      });
}

}  // namespace holdfast::api
