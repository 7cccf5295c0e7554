// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who may see how the stack is doing inside: local requests (middleware/client_address.hpp says
// which are), the networks of http.metrics_allow, and API keys of scope admin.
//
// Threads: any; pure.

#include "api-worker/edge/context.hpp"
#include "common/net/ip_address.hpp"

#include <vector>

namespace holdfast::api {

bool may_see_inside(const Context& context, const std::vector<net::Network>& allowed);

}  // namespace holdfast::api
