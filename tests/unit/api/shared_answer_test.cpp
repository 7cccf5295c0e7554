// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/shared_answer.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"

using namespace holdfast;
using namespace holdfast::api;
using namespace std::chrono_literals;
using Answer = Result<http::Response>;

namespace {

struct Asked {
  std::vector<Reply> questions;
  holdfast::test::ManualClock clock;
  std::shared_ptr<SharedAnswer> shared = std::make_shared<SharedAnswer>(
      clock, [this](Reply reply) { questions.push_back(std::move(reply)); });
  std::vector<int> got;  // statuses; 0: an error

  void get() {
    shared->get([this](const Answer& answer) { got.push_back(answer ? answer->status : 0); });
  }
  void answer(const Answer& answer) { std::exchange(questions, {}).at(0)(answer); }
};

Failure busy() {
  return fail(ErrorKind::Unavailable, "too many connections");
}

}  // namespace

TEST_CASE("everybody who asks at a time shares one question") {
  Asked asked;
  for (int i = 0; i < 1000; ++i)
    asked.get();
  REQUIRE(asked.questions.size() == 1);
  REQUIRE(asked.got.empty());
  asked.answer(http::Response::json(503, "{}"));
  REQUIRE(asked.got == std::vector<int>(1000, 503));
}

TEST_CASE("an answer holds for a moment, and no longer") {
  Asked asked;
  asked.get();
  asked.answer(http::Response::json(200, "{}"));
  asked.clock.advance(SharedAnswer::kFresh - 1ms);
  asked.get();
  REQUIRE(asked.questions.empty());
  asked.clock.advance(1ms);
  asked.get();
  asked.answer(http::Response::json(503, "{}"));
  REQUIRE(asked.got == std::vector<int>{200, 200, 503});
}

TEST_CASE("a question that fails is answered by the last good answer, for a short while") {
  Asked asked;
  asked.get();
  asked.answer(http::Response::json(200, "{}"));
  asked.clock.advance(1s);
  asked.get();
  asked.answer(busy());
  REQUIRE(asked.got == std::vector<int>{200, 200});
  asked.clock.advance(SharedAnswer::kStandsIn);
  asked.get();
  asked.answer(busy());
  REQUIRE(asked.got == std::vector<int>{200, 200, 0});
  // The failure is shared for a moment, too.
  asked.get();
  REQUIRE(asked.questions.empty());
  REQUIRE(asked.got.back() == 0);
}
