// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/series_json.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace holdfast::supervisor::status {

namespace {

using nlohmann::ordered_json;
using telemetry::Sample;

ordered_json column(const telemetry::SampleRing& ring, std::optional<double> Sample::*field) {
  ordered_json out = ordered_json::array();
  for (const Sample& sample : ring.samples()) {
    const std::optional<double>& value = sample.*field;
    // Six digits after the point: microseconds, and no tail of 17 digits.
    out.push_back(value ? ordered_json(std::round(*value * 1e6) / 1e6) : ordered_json());
  }
  return out;
}

}  // namespace

std::string series_json(const telemetry::SampleRing& ring) {
  ordered_json out;
  out["schema"] = kSeriesSchema;
  out["interval_seconds"] = std::chrono::duration<double>(telemetry::kSampleEvery).count();
  out["capacity"] = ring.capacity();
  out["time"] = ordered_json::array();
  for (const Sample& sample : ring.samples())
    out["time"].push_back(sample.unix_ms);
  out["requests_per_second"] = column(ring, &Sample::requests_per_second);
  out["errors_per_second"] = column(ring, &Sample::errors_per_second);
  out["p99_seconds"] = column(ring, &Sample::p99_seconds);
  out["queue_depth"] = column(ring, &Sample::queue_depth);
  out["memory_bytes"] = column(ring, &Sample::memory_bytes);
  return out.dump();
}

}  // namespace holdfast::supervisor::status
