// SPDX-License-Identifier: Apache-2.0
#pragma once

// Error mapper: makes a problem+json response of an error that a handler replied with.
// - The status comes from the error's kind (problem_of in problem.cpp).
// - What is our fault is logged with its cause and the request id, which is all that the client
//   is told: 500 at level error, 503 at level warn. What is the client's fault is not.

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
