// SPDX-License-Identifier: Apache-2.0
// Searches whose query is embedded over a network.
#include "tests/support/catch.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/api/support.hpp"

#include <atomic>
#include <future>

using namespace holdfast;
using namespace holdfast::api::test;
using namespace std::chrono_literals;
using holdfast::test::HttpPeer;
using holdfast::test::PeerReply;
using holdfast::test::PeerRequest;

namespace {

// The same vector for every text: all are alike.
PeerReply one_vector(const PeerRequest& request) {
  nlohmann::json data = nlohmann::json::array();
  const std::size_t texts = nlohmann::json::parse(request.body)["input"].size();
  for (std::size_t i = 0; i < texts; ++i)
    data.push_back({{"index", i}, {"embedding", {1, 0, 0, 0, 0, 0, 0, 0}}});
  return {200, nlohmann::json{{"data", data}}.dump()};
}

std::function<void(config::Config&)> remote(const HttpPeer& peer, Duration query_timeout = 60s) {
  return [url = peer.url("/v1"), query_timeout](config::Config& config) {
    config.embedding.provider = "openai";
    config.embedding.model = "a-model";
    config.embedding.base_url = url;
    config.embedding.dimensions = 8;
    config.embedding.retries = 0;
    config.embedding.proxy = "off";
    config.embedding.query_timeout = query_timeout;
  };
}

nlohmann::json search_result(const ApiService& stack, const std::string& query) {
  const auto response = stack.get("/api/search?q=" + query, {{"X-Request-Id", "request-7"}});
  REQUIRE(response.status == 200);
  return nlohmann::json::parse(response.body);
}

void post_walrus(const ApiService& stack) {
  const auto response =
      stack.post_json("/api/documents", R"({"title":"Sea","content":"The walrus sleeps"})");
  REQUIRE(response.status == 202);
}

}  // namespace

TEST_CASE("a query is embedded by the provider, which learns the request's id") {
  const HttpPeer peer(one_vector);
  const ApiService stack(remote(peer));
  post_walrus(stack);
  stack.embed_everything();
  const auto found = search_result(stack, "unrelated");
  CHECK(found["ranking"] == "hybrid");
  CHECK_FALSE(found.contains("reason"));
  REQUIRE(found["hits"].size() == 1);
  CHECK(found["hits"][0]["similarity"].get<double>() == Approx(1));
  CHECK(peer.seen().back().headers.at("x-request-id") == "request-7");
}

TEST_CASE("without the provider the words find what they can, and the answer says so") {
  std::atomic<int> status = 200;
  const HttpPeer peer([&](const PeerRequest& request) {
    return status == 200 ? one_vector(request) : PeerReply{status, "no"};
  });
  ApiService stack(remote(peer));
  post_walrus(stack);
  stack.embed_everything();
  struct Row {
    int status;
    const char* reason;
  };
  for (const Row& row :
       {Row{400, "refuses the query"}, Row{500, "not available"}, Row{401, "not available"}}) {
    CAPTURE(row.status);
    status = row.status;
    const auto found = search_result(stack, "walrus");
    CHECK(found["ranking"] == "text");
    CHECK(found["reason"].get<std::string>().find(row.reason) != std::string::npos);
    REQUIRE(found["hits"].size() == 1);
    CHECK(found["hits"][0]["similarity"].is_null());
  }
  CHECK(search_result(stack, "unrelated")["hits"].empty());
  const std::string metrics = stack.scrape();
  CHECK(metrics.find("search_text_only_total 4") != std::string::npos);
  CHECK(metrics.find("embedding_provider_up 0") != std::string::npos);
}

TEST_CASE("a provider that does not answer in time is done without") {
  const HttpPeer peer([](const PeerRequest&) { return PeerReply{.way = PeerReply::Way::Silent}; });
  const ApiService stack(remote(peer, 100ms));
  CHECK(search_result(stack, "walrus")["ranking"] == "text");
}

TEST_CASE("nothing else waits for a slow provider") {
  std::promise<void> answer;
  std::shared_future<void> answered = answer.get_future().share();
  const HttpPeer peer([&](const PeerRequest& request) {
    answered.wait();
    return one_vector(request);
  });
  const auto configure = remote(peer);
  const ApiService stack([&](config::Config& config) {
    configure(config);
    config.embedding.concurrency = 1;
    config.http.store_threads = 1;
  });
  auto searched = std::async(std::launch::async, [&] { return stack.get("/api/search?q=walrus"); });
  CHECK(peer.wait_seen(1));
  CHECK(stack.get("/api/documents").status == 200);
  answer.set_value();
  CHECK(body_of(searched.get())["ranking"] == "hybrid");
}
