// SPDX-License-Identifier: Apache-2.0
#pragma once

// Error mapper: turns an error that a handler replied with into a problem+json response.
// - The status comes from the error's kind (problem_of in edge/problem.hpp).
// - A 5xx is logged with its cause and the request id (500 at level error, 503 at level warn); the
//   client gets only the request id. A 4xx is not logged.
// - An outage fails every request with the same words: of 503s with one cause the first is logged,
//   and then one a minute with the number of those in between.
//
// Threads: the event loop's.

#include "api-worker/edge/context.hpp"
#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/http/message.hpp"
#include "common/log/logger.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace holdfast::api {

class ErrorMapper {
 public:
  ErrorMapper(const log::Logger& log, const Clock& clock) : log_(&log), clock_(&clock) {}
  http::Response map(const Context& context, const Error& error);

 private:
  struct Cause {
    MonoTime logged;
    std::uint64_t since = 0;  // how many were not logged
  };

  // How many of the same cause came before this one without a line; nullopt: nor has this one any.
  std::optional<std::uint64_t> before(const Error& error);

  const log::Logger* log_;
  const Clock* clock_;
  std::map<std::pair<ErrorKind, std::string>, Cause> causes_;  // of 503s, of late
};

}  // namespace holdfast::api
