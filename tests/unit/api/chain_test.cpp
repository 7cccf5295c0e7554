// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/chain.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/api/support.hpp"

using namespace holdfast;
using namespace holdfast::api;

namespace {

using Journal = std::vector<std::string>;

// Writes down when it was passed; answers early if told to.
class Witness final : public Middleware {
 public:
  Witness(std::string name, Journal& journal, int answer = 0)
      : name_(std::move(name)), journal_(journal), answer_(answer) {}
  std::optional<http::Response> on_request(Context&) override {
    journal_.push_back(name_ + " in");
    if (answer_ == 0) return {};
    return http::Response::text(answer_, name_);
  }
  void on_response(Context&, http::Response& response) override {
    journal_.push_back(name_ + " out");
    response.headers.add("X-Seen", name_);
  }

 private:
  std::string name_;
  Journal& journal_;
  int answer_;
};

struct Fixture {
  explicit Fixture(int answer_of_b = 0, int answer_of_guard = 0) {
    chain.add_envelope(std::make_unique<Witness>("a", journal));
    chain.add_envelope(std::make_unique<Witness>("b", journal, answer_of_b));
    chain.add_guard(std::make_unique<Witness>("guard", journal, answer_of_guard));
    chain.add_guard(std::make_unique<Witness>("last", journal));
  }
  Journal journal;
  Chain chain;
  Context context = api::test::make_context(api::test::make_request("GET", "/"));
  http::Response response;
};

}  // namespace

TEST_CASE("requests pass the chain from the outside in, responses from the inside out") {
  Fixture f;
  CHECK_FALSE(f.chain.enter(f.context).has_value());
  f.chain.leave(f.context, f.response);
  CHECK(f.journal ==
        Journal{"a in", "b in", "guard in", "last in", "last out", "guard out", "b out", "a out"});
  CHECK(f.response.headers.count("X-Seen") == 4);
}

TEST_CASE("an early answer skips what is further in, and passes out through the rest") {
  Fixture f(0, 429);
  auto early = f.chain.enter(f.context);
  REQUIRE(early);
  CHECK(early->status == 429);
  f.chain.leave(f.context, *early);
  CHECK(f.journal == Journal{"a in", "b in", "guard in", "guard out", "b out", "a out"});
}

TEST_CASE("a refused request passes the envelope only, and an answer of the envelope is not used") {
  Fixture f(204);
  f.chain.enter_refused(f.context);
  f.chain.leave(f.context, f.response);
  CHECK(f.journal == Journal{"a in", "b in", "b out", "a out"});
  CHECK(f.response.status == 200);
}

TEST_CASE("a response leaves once") {
  Fixture f;
  f.chain.enter(f.context);
  f.chain.leave(f.context, f.response);
  f.journal.clear();
  f.chain.leave(f.context, f.response);
  CHECK(f.journal.empty());
}
