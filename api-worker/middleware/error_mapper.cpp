// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/error_mapper.hpp"

#include "api-worker/edge/problem.hpp"

namespace holdfast::api {

http::Response ErrorMapper::map(const Context& context, const Error& error) const {
  const ProblemDetails problem = problem_of(error);
  if (problem.status >= 500) {
    log_->log(problem.status == 500 ? log::Level::Error : log::Level::Warn, "request failed",
              {{"request_id", context.request_id},
               {"method", context.request->method},
               {"route", context.route},
               {"status", problem.status},
               {"err", log::err_of(error)}});
  }
  return problem_response(context, problem);
}

}  // namespace holdfast::api
