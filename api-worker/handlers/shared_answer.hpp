// SPDX-License-Identifier: Apache-2.0
#pragma once

// SharedAnswer: one answer of the supervisor's for everybody who asks within a moment, so that no
// number of clients costs the supervisor more than a few questions a second, or takes the places of
// others at its socket. If a question fails, the last answer still holds for a short while.
//
// Threads: the event loop's. It outlives what it has asked for.

#include "api-worker/edge/router.hpp"
#include "common/base/clock.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace holdfast::api {

class SharedAnswer : public std::enable_shared_from_this<SharedAnswer> {
 public:
  using Ask = std::function<void(Reply)>;

  static constexpr Duration kFresh = std::chrono::milliseconds(100);
  static constexpr Duration kStandsIn = std::chrono::seconds(2);

  SharedAnswer(const Clock& clock, Ask ask) : clock_(clock), ask_(std::move(ask)) {}

  void get(Reply reply);

 private:
  void answered(Result<http::Response> answer);

  const Clock& clock_;
  const Ask ask_;
  std::optional<Result<http::Response>> last_;  // of the last question, or what stands in for it
  MonoTime asked_at_{};
  std::optional<http::Response> good_;
  MonoTime good_at_{};
  std::vector<Reply> waiting_;  // not empty: a question is under way
};

}  // namespace holdfast::api
