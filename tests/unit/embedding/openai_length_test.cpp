// SPDX-License-Identifier: Apache-2.0
// Texts that are longer than a server takes, whether it says so or not.
#include "tests/unit/embedding/openai_bench.hpp"

using namespace holdfast;
using namespace holdfast::embedding;
using namespace holdfast::embedding::test;

TEST_CASE("a text that is too long is embedded in parts, and nothing of it is left out") {
  const auto play = [](const PeerRequest& request) {
    for (const std::string& text : inputs_of(request)) {
      if (text.size() > 400)
        return PeerReply{400, R"({"error":{"message":"maximum context length is 100 tokens"}})"};
    }
    return embed_all(request);
  };
  Bench bench(play);
  std::string text;
  while (text.size() < 1500)
    text += "\xC3\xA4";  // two bytes, never torn apart
  const auto vectors = bench.embed({"short", text});
  REQUIRE(vectors);
  REQUIRE(vectors->size() == 2);
  CHECK(bench.splits > 0);
  std::string parts;
  for (const PeerRequest& request : bench.peer().seen()) {
    const auto inputs = inputs_of(request);
    if (inputs.size() == 1 && inputs[0] != "short" && inputs[0].size() <= 400) parts += inputs[0];
  }
  CHECK(parts == text);
  double square = 0;
  for (const float x : (*vectors)[1])
    square += static_cast<double>(x) * static_cast<double>(x);
  CHECK(square == Approx(1));
}

TEST_CASE(
    "a text that is refused in words that nobody knows is tried in parts before it is blamed") {
  const auto refuse = [](const PeerRequest& request, bool bad) {
    return bad ? PeerReply{422, R"({"error":{"message":"E1047"}})"} : embed_all(request);
  };
  SECTION("its parts are taken: it was too long") {
    Bench bench([&](const PeerRequest& request) {
      return refuse(request, inputs_of(request).front().size() > 300);
    });
    const auto vectors = bench.embed({std::string(1000, 'x')});
    REQUIRE(vectors);
    CHECK(vectors->size() == 1);
    CHECK(bench.splits == 3);
    CHECK(bench.is_up());
  }
  SECTION("something in it is refused: it has what the server said, after few requests") {
    Bench bench([&](const PeerRequest& request) {
      return refuse(request, inputs_of(request).front().find("poison") != std::string::npos);
    });
    const Error error = bench.error_of({std::string(5000, 'x') + "poison"});
    CHECK(error.kind == ErrorKind::InvalidArgument);
    CHECK(has(error, "E1047"));
    CHECK(bench.splits == 0);
    CHECK(bench.is_up());
    CHECK(bench.requests() <= 16);
  }
  SECTION("every text is refused: nothing is tried, and the server is at fault") {
    Bench bench([&](const PeerRequest& request) { return refuse(request, true); });
    CHECK(bench.error_of({std::string(1000, 'x')}).kind == ErrorKind::Unavailable);
    CHECK(bench.requests() == 2);
    CHECK_FALSE(bench.is_up());
  }
}

TEST_CASE("a text of which not even the smallest part is short enough is refused") {
  Bench bench([](const PeerRequest& request) {
    return is_control(request) ? embed_all(request) : PeerReply{413, ""};
  });
  CHECK(bench.error_of({std::string(1000, 'x')}).kind == ErrorKind::InvalidArgument);
  CHECK(bench.is_up());
}
