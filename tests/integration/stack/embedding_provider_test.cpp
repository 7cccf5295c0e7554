// SPDX-License-Identifier: Apache-2.0
// The stack with an embedding provider on a network: its outage, and a change of the model.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/http_peer.hpp"

#include <atomic>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

// All texts are alike to this model: every search finds every document by its vector.
class ModelServer {
 public:
  std::string section(const std::string& model) const {
    return "\n[embedding]\nprovider = \"openai\"\nmodel = \"" + model +
           "\"\ndimensions = 8\nretries = 0\nbase_url = \"" + peer_.url("/v1") + "\"\n";
  }
  void answer_with(int status) { status_ = status; }
  std::vector<PeerRequest> seen() const { return peer_.seen(); }

 private:
  PeerReply answer(const PeerRequest& request) const {
    if (status_ != 200) return {status_, R"({"error":{"message":"out of order"}})"};
    json data = json::array();
    const std::size_t texts = json::parse(request.body)["input"].size();
    for (std::size_t i = 0; i < texts; ++i)
      data.push_back({{"index", i}, {"embedding", {1, 0, 0, 0, 0, 0, 0, 0}}});
    return {200, json{{"data", data}, {"usage", {{"total_tokens", 10}}}}.dump()};
  }
  std::atomic<int> status_ = 200;
  HttpPeer peer_{[this](const PeerRequest& request) { return answer(request); }};
};

json search(Stack& stack, const std::string& query) {
  return json::parse(stack.get("/api/search?q=" + query).body);
}

json job_of(Stack& stack, const std::string& document_id) {
  const auto id = document(stack, document_id)["job_id"].get<std::int64_t>();
  return json::parse(stack.get("/api/jobs/" + std::to_string(id)).body);
}

}  // namespace

TEST_CASE("an outage of the embedding provider costs no job an attempt, and is told everywhere") {
  ModelServer models;
  Stack stack(default_stack(models.section("first")));
  stack.wait_ready();
  const std::string first = post_document(stack, {"Sea", "The walrus sleeps"});
  REQUIRE(wait_ready(stack, {first}));
  CHECK(search(stack, "unrelated")["ranking"] == "hybrid");
  REQUIRE(search(stack, "unrelated")["hits"].size() == 1);

  models.answer_with(401);
  const std::string second = post_document(stack, {"Ice", "The penguin dives"});
  REQUIRE(wait_until([&] { return job_of(stack, second)["state"] == "waiting"; }));
  const json waiting = job_of(stack, second);
  CHECK(waiting["attempt"] == 0);
  CHECK(waiting["last_error"].get<std::string>().find("out of order") != std::string::npos);
  REQUIRE(wait_until([&] {
    return stack.worker("queue-worker.0")["status"].dump().find("embedding provider down") !=
           std::string::npos;
  }));
  const auto own = http::fetch(
      "GET", "unix:" + (stack.runtime_dir() / "workers/queue-worker.0.sock").native() + ":/ready",
      {}, "");
  REQUIRE(own);
  CHECK(own->status == 503);
  CHECK(own->body.find("out of order") != std::string::npos);
  // The stack goes on: it takes documents and finds them by their words.
  CHECK(stack.get("/ready").status == 200);
  const json by_words = search(stack, "walrus");
  CHECK(by_words["ranking"] == "text");
  CHECK(by_words["hits"].size() == 1);
  REQUIRE(wait_until([&] {
    const std::string metrics = stack.metrics();
    return Stack::sum_of(metrics, "embedding_provider_up") < 3 &&
           Stack::sum_of(metrics, "embedding_requests_total", "outcome=\"misconfigured\"") > 0;
  }));
  REQUIRE(wait_until([&] {
    return stack.status()["alerts"].dump().find("HoldfastEmbeddingUnavailable") !=
           std::string::npos;
  }));

  models.answer_with(200);
  REQUIRE(wait_ready(stack, {second}));
  CHECK(job_of(stack, second)["attempt"] == 1);
  REQUIRE(wait_until([&] { return search(stack, "unrelated")["hits"].size() == 2; }));
  CHECK(Stack::sum_of(stack.fresh_metrics(), "embedding_tokens_total") > 0);
}

TEST_CASE("after a change of the model all documents are embedded again, and found meanwhile") {
  ModelServer models;
  const std::string queue = "\n[queue]\nlease = \"1s\"\n";
  Stack stack(default_stack(queue + models.section("first")));
  stack.wait_ready();
  std::vector<std::string> ids;
  for (const char* text : {"walrus", "penguin", "seal"})
    ids.push_back(post_document(stack, {text, text}));
  REQUIRE(wait_ready(stack, ids));

  stack.write_config(default_stack(queue + models.section("second")));
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  const auto asked_second = [&] {
    std::size_t texts = 0;
    for (const PeerRequest& request : models.seen()) {
      const json body = json::parse(request.body);
      if (body["model"] != "second") continue;
      for (const json& text : body["input"]) {
        for (const char* one : {"walrus", "penguin", "seal"})
          texts += text.get<std::string>().find(one) != std::string::npos;
      }
    }
    return texts;
  };
  REQUIRE(wait_until([&] { return asked_second() >= ids.size(); }));
  REQUIRE(wait_until(
      [&] { return Stack::sum_of(stack.metrics(), "embedding_outdated_documents") == 0; }));
  REQUIRE(wait_until([&] { return search(stack, "unrelated")["hits"].size() == ids.size(); }));
  CHECK(search(stack, "walrus")["hits"].size() == ids.size());
}
