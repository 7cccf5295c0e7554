// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/request_metrics.hpp"

#include <array>

namespace holdfast::api {

std::string_view method_label(std::string_view method) {
  static constexpr std::array<std::string_view, 9> kMethods{
      "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"};
  for (const std::string_view known : kMethods) {
    if (known == method) return known;
  }
  return "other";
}

std::size_t RequestMetrics::KeyHash::operator()(const Key& key) const {
  const std::hash<const void*> hash;
  return hash(key.method) ^ (hash(key.route) << 1) ^ (static_cast<std::size_t>(key.status) << 20);
}

RequestMetrics::RequestMetrics(prometheus::Registry& registry, const Clock& clock)
    : clock_(clock),
      requests_(registry, "http_requests_total"),
      durations_(registry, "http_request_duration_seconds"),
      in_flight_(metrics::Gauges(registry, "http_requests_in_flight").only()) {}

prometheus::Counter& RequestMetrics::counter(std::string_view method, std::string_view route,
                                             int status) {
  prometheus::Counter*& known = counters_[{method.data(), route.data(), status}];
  if (known == nullptr) {
    known = &requests_.with({{"method", std::string(method)},
                             {"route", std::string(route)},
                             {"status", std::to_string(status)}});
  }
  return *known;
}

prometheus::Histogram& RequestMetrics::histogram(std::string_view method, std::string_view route) {
  prometheus::Histogram*& known = histograms_[{method.data(), route.data(), 0}];
  if (known == nullptr) {
    known = &durations_.with({{"method", std::string(method)}, {"route", std::string(route)}});
  }
  return *known;
}

std::optional<http::Response> RequestMetrics::on_request(Context&) {
  in_flight_.Increment();
  return {};
}

void RequestMetrics::on_response(Context& context, http::Response& response) {
  in_flight_.Decrement();
  const std::string_view method = method_label(context.request->method);
  const std::chrono::duration<double> taken = clock_.mono() - context.started;
  counter(method, context.route, response.status).Increment();
  histogram(method, context.route).Observe(taken.count());
}

}  // namespace holdfast::api
