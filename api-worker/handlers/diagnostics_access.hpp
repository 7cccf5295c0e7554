// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who may view diagnostics (metrics, verbose readiness): local requests (defined in
// middleware/client_address.hpp), the networks of http.metrics_allow, and API keys of scope admin.
//
// Threads: any; pure.

#include "api-worker/edge/context.hpp"
#include "common/net/ip_address.hpp"

#include <vector>

namespace holdfast::api {

bool may_view_diagnostics(const Context& context, const std::vector<Network>& allowed);

}  // namespace holdfast::api
