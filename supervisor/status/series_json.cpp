// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/series_json.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace holdfast::supervisor::status {

namespace {

using nlohmann::ordered_json;
using telemetry::HistoryPoint;

ordered_json column(const telemetry::StackHistory& history,
                    std::optional<double> HistoryPoint::*field) {
  ordered_json out = ordered_json::array();
  for (const HistoryPoint& point : history.points()) {
    const std::optional<double>& value = point.*field;
    // Six decimals: microseconds, without a tail of 17 digits.
    out.push_back(value ? ordered_json(std::round(*value * 1e6) / 1e6) : ordered_json());
  }
  return out;
}

}  // namespace

std::string series_json(const telemetry::StackHistory& history) {
  ordered_json out;
  out["schema"] = kSeriesSchema;
  out["interval_seconds"] = std::chrono::duration<double>(telemetry::kHistoryInterval).count();
  out["capacity"] = history.capacity();
  out["time"] = ordered_json::array();
  for (const HistoryPoint& point : history.points())
    out["time"].push_back(point.unix_ms);
  out["requests_per_second"] = column(history, &HistoryPoint::requests_per_second);
  out["errors_per_second"] = column(history, &HistoryPoint::errors_per_second);
  out["p99_seconds"] = column(history, &HistoryPoint::p99_seconds);
  out["queue_depth"] = column(history, &HistoryPoint::queue_depth);
  out["memory_bytes"] = column(history, &HistoryPoint::memory_bytes);
  return out.dump();
}

}  // namespace holdfast::supervisor::status
