// SPDX-License-Identifier: Apache-2.0
#pragma once

// Error mapper: turns an error that a handler replied with into a problem+json response.
// - The status comes from the error's kind (problem_of in edge/problem.hpp).
// - A 5xx is logged with its cause and the request id (500 at level error, 503 at level warn); the
//   client gets only the request id. A 4xx is not logged.

#include "api-worker/edge/context.hpp"
#include "common/base/result.hpp"
#include "common/http/message.hpp"
#include "common/log/logger.hpp"

namespace holdfast::api {

class ErrorMapper {
 public:
  explicit ErrorMapper(const log::Logger& log) : log_(&log) {}
  http::Response map(const Context& context, const Error& error) const;

 private:
  const log::Logger* log_;
};

}  // namespace holdfast::api
