// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who may view diagnostics (metrics, verbose readiness, /internal): API keys of scope admin, and
// the networks of http.metrics_allow, of which there are none by default. Requests from this host
// are no exception: a reverse proxy that adds no field makes everybody's look so (ADR 19). A proxy
// that says that it is one, and names nobody, is nobody, though a network of the list has it. Those
// who are on this host have the supervisor's endpoint.
//
// Threads: any; pure.

#include "api-worker/edge/context.hpp"
#include "common/net/ip_address.hpp"

#include <vector>

namespace holdfast::api {

bool may_view_diagnostics(const Context& context, const std::vector<net::Network>& allowed);

}  // namespace holdfast::api
