// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every worker under measurement exposes: the same series in all of them, with three labels.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace holdfast::bench {

// The default bounds of prom-client, given to all.
inline constexpr std::array<const char*, 11> kBounds{
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10"};
inline constexpr std::size_t kHistogramLines = kBounds.size() + 3;  // +Inf, _sum and _count
inline constexpr std::uint64_t kStep = 97;  // of a counter, from one answer to the next

struct Workload {
  std::size_t workers = 0;
  std::size_t counters = 0;
  std::size_t histograms = 0;
  std::size_t lines() const { return counters + histograms * kHistogramLines; }
};

inline std::string labels_of(std::size_t series) {
  return "method=\"GET\",route=\"/api/documents/" + std::to_string(series) + "\",status=\"200\"";
}

inline std::size_t from_environment(const char* name) {
  const char* const text = std::getenv(name);
  return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
}

}  // namespace holdfast::bench
