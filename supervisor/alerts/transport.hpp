// SPDX-License-Identifier: Apache-2.0
#pragma once

// Transport: carries one request to a receiver and brings its answer. Secrets are read here, for
// each attempt, so that a rotated one needs no reload, and go nowhere else.
//
// Threads: any; attempt() blocks.

#include "common/config/config.hpp"
#include "supervisor/alerts/receivers/kind.hpp"
#include "supervisor/process/own_children.hpp"

#include <map>
#include <stop_token>
#include <string>

namespace holdfast::supervisor::alerts {

using Variables = std::map<std::string, std::string>;

// What the attempts of all receivers need. Must outlive them.
struct TransportParts {
  const Variables& environment;  // the supervisor's: proxies
  // For commands: the same without secrets.
  Variables command_environment;
  process::OwnChildren& children;
};

struct Attempted {
  Request request;
  Answer answer;
};

// `kind` is that of the receiver's type.
Attempted attempt(const config::AlertReceiver& receiver, const ReceiverKind& kind,
                  const Notification& notification, bool minimal, WallTime now,
                  const TransportParts& parts, const std::stop_token& stop);

// A GET without a body, for the dead-man's switch.
Result<http::Response> ping(const config::AlertPing& ping, const TransportParts& parts,
                            const std::stop_token& stop);

// The request as it may be shown: no path of the URL, no signature, no Authorization.
std::string show_request(const Request& request);

// `environment` without what sounds like a secret.
Variables without_secrets(const Variables& environment);

}  // namespace holdfast::supervisor::alerts
