// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/error_mapper.hpp"

#include "api-worker/edge/problem.hpp"

#include <algorithm>
#include <chrono>

namespace holdfast::api {

namespace {

using namespace std::chrono_literals;

constexpr Duration kPause = 1min;
constexpr std::size_t kMostCauses = 32;

}  // namespace

std::optional<std::uint64_t> ErrorMapper::before(const Error& error) {
  const MonoTime now = clock_->mono();
  const auto [known, is_new] = causes_.try_emplace({error.kind, error.message}, Cause{now});
  Cause& cause = known->second;
  if (!is_new && now - cause.logged < kPause) {
    ++cause.since;
    return std::nullopt;
  }
  const std::uint64_t before = std::exchange(cause.since, 0);
  cause.logged = now;
  if (causes_.size() > kMostCauses) {
    // Messages that differ each time are no outage: what is old makes room.
    const auto oldest = std::min_element(
        causes_.begin(), causes_.end(),
        [](const auto& a, const auto& b) { return a.second.logged < b.second.logged; });
    causes_.erase(oldest);
  }
  return before;
}

http::Response ErrorMapper::map(const Context& context, const Error& error) {
  const ProblemDetails problem = problem_of(error);
  if (problem.status == 500) {
    log_->error("request failed", {{"request_id", context.request_id},
                                   {"method", context.request->method},
                                   {"route", context.route},
                                   {"status", problem.status},
                                   {"err", log::err_of(error)}});
  } else if (problem.status > 500) {
    if (const auto more = before(error)) {
      log_->warn("request failed", {{"request_id", context.request_id},
                                    {"method", context.request->method},
                                    {"route", context.route},
                                    {"status", problem.status},
                                    {"err", log::err_of(error)},
                                    {"more_of_this_cause", *more}});
    }
  }
  return problem_response(context, problem);
}

}  // namespace holdfast::api
