// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/shared_answer.hpp"

#include <utility>

namespace holdfast::api {

void SharedAnswer::get(Reply reply) {
  if (waiting_.empty() && last_ && clock_.mono() - asked_at_ < kFresh) return reply(*last_);
  waiting_.push_back(std::move(reply));
  if (waiting_.size() > 1) return;
  ask_([self = shared_from_this()](Result<http::Response> answer) {
    self->answered(std::move(answer));
  });
}

void SharedAnswer::answered(Result<http::Response> answer) {
  const MonoTime now = clock_.mono();
  if (answer) {
    good_ = *answer;
    good_at_ = now;
  } else if (good_ && now - good_at_ <= kStandsIn) {
    answer = *good_;
  }
  last_ = std::move(answer);
  asked_at_ = now;
  for (const Reply& reply : std::exchange(waiting_, {}))
    reply(*last_);
}

}  // namespace holdfast::api
