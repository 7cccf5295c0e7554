// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a worker does with its embedding provider's reports: counts its requests and tokens, and
// logs when it goes down and comes up.
//
// Threads: the hooks from any.

#include "common/embedding/provider.hpp"
#include "common/log/logger.hpp"

#include <prometheus/registry.h>

namespace holdfast::worker {

// Registry and logger outlive the hooks. None for a provider without a network.
embedding::ProviderHooks provider_hooks(const config::Embedding& config,
                                        prometheus::Registry& registry, const log::Logger& log);

}  // namespace holdfast::worker
