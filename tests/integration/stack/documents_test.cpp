// SPDX-License-Identifier: Apache-2.0
// The main job, end to end, with real processes: post, chunk and embed, search.
#include "tests/support/documents.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/promtool.hpp"

#include <signal.h>

#include <cstdlib>
#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

TEST_CASE("posted licence texts become ready, and a search finds the matching one first") {
  Stack stack(default_stack());
  stack.wait_ready();
  std::vector<std::string> ids;
  for (const Text& text : licence_texts())
    ids.push_back(post_document(stack, text));
  REQUIRE(ids.size() >= 5);
  REQUIRE(wait_ready(stack, ids));

  const auto answer = stack.get("/api/search?q=patent+license+termination&k=5");
  REQUIRE(answer.status == 200);
  const json hits = json::parse(answer.body)["hits"];
  REQUIRE(hits.size() == 5);
  const std::string first = hits[0]["document_id"];
  const std::string text = document(stack, first)["content"];
  INFO(hits[0].dump());
  REQUIRE(text.find("patent license") != std::string::npos);
  REQUIRE(text.find("terminat") != std::string::npos);

  const json page = json::parse(stack.get("/api/documents?limit=100").body);
  REQUIRE(page["documents"].size() == ids.size());
}

TEST_CASE("a request id follows a document through the answer and all three processes' logs") {
  Stack stack(default_stack());
  stack.wait_ready();
  http::Headers headers;
  headers.set("X-Request-ID", "trace-me-4711");
  const auto answer =
      stack.post_json("/api/documents", {{"title", "t"}, {"content", "some words"}}, headers);
  REQUIRE(answer.status == 202);
  REQUIRE(answer.headers.find("X-Request-ID") != nullptr);
  REQUIRE(*answer.headers.find("X-Request-ID") == "trace-me-4711");
  const std::string id = json::parse(answer.body)["id"];
  REQUIRE(wait_ready(stack, {id}));

  // The supervisor's output holds every worker's lines, labelled with the worker's name.
  const auto logged_by = [&](const std::string& worker) {
    std::ifstream log(stack.file("output.log"));
    for (std::string line; std::getline(log, line);) {
      if (line.find("trace-me-4711") != std::string::npos &&
          line.find("\"worker\":\"" + worker) != std::string::npos) {
        return json::accept(line);
      }
    }
    return false;
  };
  REQUIRE(wait_until([&] { return logged_by("api-worker"); }));
  REQUIRE(wait_until([&] { return logged_by("queue-worker"); }));
}

TEST_CASE("the aggregate is valid for promtool on the status socket and on the public port") {
  Stack stack(default_stack("\n[http]\nmetrics_allow = [\"127.0.0.0/8\"]\n"));
  stack.wait_ready();
  REQUIRE(wait_ready(stack, {post_document(stack, {"one", "a few words to embed"})}));
  std::string aggregate;
  REQUIRE(wait_until([&] {
    aggregate = stack.metrics();
    return Stack::sum_of(aggregate, "http_requests_total") > 0 &&
           Stack::sum_of(aggregate, "queue_jobs_total", "outcome=\"done\"") == 1;
  }));

  for (const std::string& text : {aggregate, stack.get("/metrics").body}) {
    const Finished report = promtool_check(text);
    INFO(report.output);
    REQUIRE(report.ended.shell_status() == 0);
  }
}

TEST_CASE("health, live and ready answer on the public port and on the status socket") {
  Stack stack(default_stack());
  stack.wait_ready();
  REQUIRE(json::parse(stack.get("/health").body)["status"] == "ok");
  REQUIRE(stack.get("/live").status == 200);
  REQUIRE(stack.get("/ready").status == 200);
  REQUIRE(stack.command({"health", "--ready"}).exit_code == 0);
  REQUIRE(stack.command({"status"}).exit_code == 0);

  REQUIRE(stack.command({"stop", "queue-worker"}).exit_code == 0);
  REQUIRE(wait_until([&] { return stack.get("/ready").status == 503; }));
  REQUIRE(stack.get("/health").status == 200);
  REQUIRE(stack.command({"health", "--ready"}).exit_code == 1);
  REQUIRE(stack.command({"start", "queue-worker"}).exit_code == 0);
  REQUIRE(wait_until([&] { return stack.get("/ready").status == 200; }));
}

TEST_CASE("what was stored and enqueued outlives a restart of the whole stack") {
  Stack stack(default_stack());
  stack.wait_ready();
  REQUIRE(stack.command({"stop", "queue-worker"}).exit_code == 0);
  const std::string id = post_document(stack, {"kept", "words that wait for a worker"});
  REQUIRE(document(stack, id)["status"] == "pending");
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
  stack.start();
  stack.wait_ready();
  REQUIRE(wait_ready(stack, {id}));
}
