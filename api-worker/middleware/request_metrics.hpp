// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counts and times every response: http_requests_total{method,route,status},
// http_request_duration_seconds{method,route}, http_requests_in_flight.
// - `route` is the router's pattern, or "unmatched"; non-standard methods are "other": the
//   number of series does not depend on what clients send.
// - The time runs from the complete request to the response being handed to the server.

#include "api-worker/middleware/middleware.hpp"
#include "common/base/clock.hpp"
#include "common/metrics/instruments.hpp"

#include <prometheus/registry.h>

#include <unordered_map>

namespace holdfast::api {

// The method as a label.
std::string_view method_label(std::string_view method);

class RequestMetrics final : public Middleware {
 public:
  RequestMetrics(prometheus::Registry& registry, const Clock& clock);
  std::optional<http::Response> on_request(Context& context) override;
  void on_response(Context& context, http::Response& response) override;

 private:
  // Labels are compared by address: routes live in the router, methods in a constant table.
  struct Key {
    const char* method;
    const char* route;
    int status;  // 0 for the histogram
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  prometheus::Counter& counter(std::string_view method, std::string_view route, int status);
  prometheus::Histogram& histogram(std::string_view method, std::string_view route);

  const Clock& clock_;
  metrics::Counters requests_;
  metrics::Histograms durations_;
  prometheus::Gauge& in_flight_;
  // Looking up a series in prometheus-cpp costs a lock and a map of strings: done once for each.
  std::unordered_map<Key, prometheus::Counter*, KeyHash> counters_;
  std::unordered_map<Key, prometheus::Histogram*, KeyHash> histograms_;
};

}  // namespace holdfast::api
