// SPDX-License-Identifier: Apache-2.0
#pragma once

// Histograms counted by hand, where a process keeps no registry (the supervisor).
//
// Threads: values; the owner locks.

#include "common/base/clock.hpp"
#include "common/metrics/model.hpp"

#include <string_view>

namespace holdfast::metrics {

// Empty, with the buckets that the catalogue declares; throws as declaration() does.
HistogramValue declared_histogram(std::string_view name);

void observe(HistogramValue& histogram, Duration value);

}  // namespace holdfast::metrics
