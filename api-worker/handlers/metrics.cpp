// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/metrics.hpp"

#include "api-worker/edge/problem.hpp"
#include "api-worker/handlers/diagnostics_access.hpp"
#include "api-worker/handlers/relay.hpp"
#include "common/http/list_field.hpp"
#include "common/http/vary.hpp"
#include "common/metrics/exposition.hpp"
#include "common/metrics/registry.hpp"
#include "common/protocol/names.hpp"
#include "common/text/json_writer.hpp"

#include <unistd.h>

namespace holdfast::api {

namespace {

http::Response own_metrics(const Services& services, std::string_view accept) {
  const metrics::Format format = metrics::negotiate(accept);
  std::string out;
  metrics::write_text(metrics::collect(services.registry), format, out);
  http::Response response =
      http::Response::text(200, std::move(out), metrics::content_type(format));
  http::add_vary(response, "Accept");
  return response;
}

void get_metrics(const Services& services, const ContextPtr& context, const Reply& reply) {
  if (!may_view_diagnostics(*context, services.metrics_allow)) {
    return reply(problem_response(*context, {403,
                                             "Metrics are available only to http.metrics_allow "
                                             "networks and to admin keys."}));
  }
  const http::Headers& asked = context->request->headers;
  const auto accept = http::list_field(asked, "Accept");
  if (services.status_socket.empty()) return reply(own_metrics(services, accept.value_or("")));
  http::Headers headers;
  if (accept) headers.set("Accept", *accept);
  constexpr const char* kTimeout = "X-Prometheus-Scrape-Timeout-Seconds";
  if (const std::string* value = asked.find(kTimeout)) headers.set(kTimeout, *value);
  // The aggregate of many workers has megabytes: it is compressed off the loop.
  relay(services, protocol::kMetricsPath, headers,
        [&services, context, reply](Result<http::Response> answer) {
          if (!answer) return reply(std::move(answer));
          http::add_vary(*answer, "Accept");
          api::answer(services, context, work_for(answer->body.size()), reply,
                      [response = std::move(*answer)]() mutable -> Result<http::Response> {
                        return std::move(response);
                      });
        });
}

std::string stats_json(const Services& services) {
  const http::ServerStats stats = services.server_stats();
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.field("worker", services.worker);
  json.field("pid", ::getpid());
  json.field("store", services.store.describe());
  json.field("connections_open", stats.connections_open);
  json.field("connections_total", stats.connections_total);
  json.field("requests_in_flight", stats.requests_in_flight);
  json.field("requests_total", stats.requests_total);
  json.field("offloaded_pending", services.offload.pending());
  json.end_object();
  return out;
}

void get_stats(const Services& services, const ContextPtr& context, const Reply& reply) {
  if (!may_view_diagnostics(*context, services.metrics_allow)) {
    return reply(problem_response(*context, {403,
                                             "This path is available only to http.metrics_allow "
                                             "networks and to admin keys."}));
  }
  reply(http::Response::json(200, stats_json(services)));
}

}  // namespace

void add_metrics_routes(Router& router, const Services& services) {
  router.add("GET", protocol::kMetricsPath,
             [&services](const ContextPtr& context, const Reply& reply) {
               get_metrics(services, context, reply);
             });
  router.add("GET", "/internal/stats", [&services](const ContextPtr& context, const Reply& reply) {
    get_stats(services, context, reply);
  });
}

}  // namespace holdfast::api
