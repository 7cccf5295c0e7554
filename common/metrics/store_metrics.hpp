// SPDX-License-Identifier: Apache-2.0
#pragma once

// Metrics of a worker's store: store_commits_total and store_commit_seconds.
//
// Threads: the function may be called from any; the registry outlives it.

#include "common/base/clock.hpp"

#include <prometheus/registry.h>

#include <functional>

namespace holdfast::metrics {

std::function<void(Duration)> commit_observer(prometheus::Registry& registry);

}  // namespace holdfast::metrics
