// SPDX-License-Identifier: Apache-2.0
// Documents, search and jobs over a real socket with the real store.
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/api/support.hpp"

#include <algorithm>
#include <array>
#include <set>

using namespace holdfast;
using namespace holdfast::api;
using api::test::ApiService;
using api::test::body_of;
using api::test::header_of;

namespace {

nlohmann::json create(const ApiService& stack, const std::string& body) {
  const http::Response response = stack.post_json("/api/documents", body);
  INFO(response.body);
  REQUIRE(response.status == 202);
  return body_of(response);
}

}  // namespace

TEST_CASE("a document is accepted, found under its links, and deleted") {
  const ApiService stack;
  const http::Response accepted = stack.post_json(
      "/api/documents",
      R"({"title":"Caf\u00e9 \"x\"","content":"Line\nwith \u20ac","metadata":{"lang":"en"}})");
  REQUIRE(accepted.status == 202);
  CHECK(header_of(accepted, "Content-Type") == "application/json");
  const auto created = body_of(accepted);
  const std::string id = created["id"];
  const std::string self = "/api/documents/" + id;
  CHECK(header_of(accepted, "Location") == self);
  CHECK(created["status"] == "pending");
  CHECK(created["links"]["self"] == self);
  CHECK(stack.rings() == 1);

  const http::Response got = stack.get(self);
  REQUIRE(got.status == 200);
  const auto document = body_of(got);
  CHECK(document["id"] == id);
  CHECK(document["title"] == "Caf\xC3\xA9 \"x\"");
  CHECK(document["content"] == "Line\nwith \xE2\x82\xAC");
  CHECK(document["metadata"] == nlohmann::json{{"lang", "en"}});
  CHECK(document["content_bytes"] == 13);
  CHECK(document["status"] == "pending");
  CHECK(document["version"] == 1);
  CHECK(document["job_id"] == created["job_id"]);
  CHECK(document["created_at"].get<std::string>().size() == 24);
  CHECK_FALSE(document.contains("error"));

  const http::Response content = stack.get(self + "/content");
  CHECK(content.status == 200);
  CHECK(header_of(content, "Content-Type") == "text/plain; charset=utf-8");
  CHECK(content.body == "Line\nwith \xE2\x82\xAC");

  const http::Response job = stack.get(created["links"]["job"]);
  REQUIRE(job.status == 200);
  CHECK(body_of(job)["id"] == created["job_id"]);
  CHECK(body_of(job)["state"] == "ready");
  CHECK(body_of(job)["payload"]["document_id"] == id);

  const http::Response deleted = stack.call("DELETE", self);
  CHECK(deleted.status == 204);
  CHECK(deleted.body.empty());
  CHECK(stack.get(self).status == 404);
  CHECK(stack.get(self + "/content").status == 404);
  CHECK(stack.call("DELETE", self).status == 404);
}

TEST_CASE("the request id and the trace go with the job") {
  const ApiService stack;
  const std::string trace = "0af7651916cd43dd8448eb211c80319c";
  const http::Response accepted =
      stack.call("POST", "/api/documents",
                 {{"Content-Type", "text/plain"},
                  {"X-Request-ID", "order-17"},
                  {"traceparent", "00-" + trace + "-b7ad6b7169203331-01"}},
                 "text");
  REQUIRE(accepted.status == 202);
  CHECK(header_of(accepted, "X-Request-ID") == "order-17");
  const auto job = body_of(stack.get(body_of(accepted)["links"]["job"]));
  CHECK(job["payload"]["request_id"] == "order-17");
  const std::string handed_on = job["payload"]["traceparent"];
  CHECK(handed_on.substr(0, 36) == "00-" + trace + "-");
  CHECK(handed_on.find("b7ad6b7169203331") == std::string::npos);
}

TEST_CASE("a document that is refused is not stored and rings no bell") {
  const ApiService stack;
  const http::Response bad_json = stack.post_json("/api/documents", "{");
  CHECK(bad_json.status == 400);
  const http::Response bad_fields = stack.post_json("/api/documents", R"({"title":1})");
  CHECK(bad_fields.status == 422);
  CHECK(body_of(bad_fields)["errors"].size() == 2);
  CHECK(header_of(bad_fields, "Content-Type") == "application/problem+json");
  CHECK(stack.call("POST", "/api/documents", {{"Content-Type", "text/html"}}, "x").status == 415);
  CHECK(body_of(stack.get("/api/documents"))["documents"].empty());
  CHECK(stack.rings() == 0);
}

TEST_CASE("listings page through all documents, newest first, without content") {
  const ApiService stack;
  std::vector<std::string> newest_first;
  for (int i = 0; i < 5; ++i) {
    newest_first.insert(newest_first.begin(),
                        create(stack, R"({"content":"text )" + std::to_string(i) + "\"}")["id"]);
  }
  std::vector<std::string> seen;
  std::string target = "/api/documents?limit=2";
  for (int pages = 0; pages < 3; ++pages) {
    const auto page = body_of(stack.get(target));
    for (const auto& document : page["documents"]) {
      seen.push_back(document["id"]);
      CHECK_FALSE(document.contains("content"));
    }
    if (page["next_cursor"].is_null()) break;
    target = "/api/documents?limit=2&cursor=" + page["next_cursor"].get<std::string>();
  }
  CHECK(seen == newest_first);
  CHECK(body_of(stack.get("/api/documents?status=ready"))["documents"].empty());
  CHECK(body_of(stack.get("/api/documents?status=pending"))["documents"].size() == 5);
}

TEST_CASE("bad parameters of a listing are named") {
  const ApiService stack;
  for (const char* query :
       {"limit=0", "limit=101", "limit=x", "limit=-1", "limit=", "status=lost", "cursor=%21%21"}) {
    INFO(query);
    CHECK(stack.get(std::string("/api/documents?") + query).status == 422);
  }
  const auto both = body_of(stack.get("/api/documents?limit=0&status=x"));
  CHECK(both["errors"][0]["parameter"] == "limit");
  CHECK(both["errors"][1]["parameter"] == "status");
  CHECK(stack.get("/api/documents?limit=100").status == 200);
}

TEST_CASE("what was embedded is found, by GET and by POST") {
  const ApiService stack;
  const std::string cats = create(stack, R"({"title":"Cats","content":"Cats purr softly"})")["id"];
  create(stack, R"({"title":"Ships","content":"Ships cross the ocean"})");
  CHECK(body_of(stack.get("/api/search?q=purr"))["hits"].empty());
  stack.embed_everything();
  CHECK(body_of(stack.get("/api/documents?status=ready"))["documents"].size() == 2);

  const auto hits = body_of(stack.get("/api/search?q=cats%20purr&k=1"))["hits"];
  REQUIRE(hits.size() == 1);
  CHECK(hits[0]["document_id"] == cats);
  CHECK(hits[0]["title"] == "Cats");
  CHECK(hits[0]["text"] == "Cats purr softly");
  CHECK(hits[0]["chunk"] == 0);
  CHECK(hits[0]["score"].get<double>() > 0);
  CHECK(hits[0]["similarity"].get<double>() > 0.5);
  CHECK(body_of(stack.post_json("/api/search", R"({"q":"cats purr","k":1})"))["hits"] == hits);
  CHECK(body_of(stack.post_json("/api/search", R"({"q":"cats purr","k":1.0})"))["hits"] == hits);
}

TEST_CASE("a search is narrowed by metadata, status and score, and shows a snippet") {
  const ApiService stack;
  create(stack, R"({"content":"Cats purr","metadata":{"lang":"en","year":2026}})");
  create(stack, R"({"content":"Cats & dogs","metadata":{"lang":"de"}})");
  stack.embed_everything();
  const auto count = [&](const std::string& more) {
    return body_of(stack.get("/api/search?q=cats" + more))["hits"].size();
  };
  CHECK(count("") == 2);
  CHECK(count("&metadata.lang=de") == 1);
  CHECK(count("&metadata.lang=en&metadata.year=2026") == 1);
  CHECK(count("&metadata.lang=de&metadata.year=2026") == 0);
  CHECK(count("&metadata.lang=%27%20OR%201=1%20--") == 0);
  CHECK(count("&status=ready") == 2);
  CHECK(count("&status=failed") == 0);
  CHECK(count("&min_score=1") == 0);
  CHECK(body_of(stack.get("/api/search?q=%3F%3F%3F"))["hits"].empty());
  const auto hits = body_of(stack.post_json(
      "/api/search",
      R"({"q":"dogs","min_score":0.2,"metadata":{"lang":"de"},"status":"ready"})"))["hits"];
  REQUIRE(hits.size() == 1);
  CHECK(hits[0]["snippet"] == "Cats &amp; <mark>dogs</mark>");
}

TEST_CASE("a search finds a whole number of metadata, whichever way each side writes it") {
  const ApiService stack;
  const std::vector<std::string> forms{"100", "100.0", "1e2", "1000E-1"};
  for (const std::string& form : forms)
    create(stack, R"({"content":"Cats purr","metadata":{"n":)" + form + "}}");
  stack.embed_everything();
  for (const std::string& form : forms) {
    INFO(form);
    const auto found =
        stack.post_json("/api/search", R"({"q":"cats","metadata":{"n":)" + form + "}}");
    CHECK(body_of(found)["hits"].size() == forms.size());
  }
  CHECK(body_of(stack.get("/api/search?q=cats&metadata.n=100"))["hits"].size() == forms.size());
  // Neither another number nor text is meant.
  for (const char* other : {"100.5", "\"100.00\"", "101"}) {
    INFO(other);
    const auto found = stack.post_json(
        "/api/search", std::string(R"({"q":"cats","metadata":{"n":)") + other + "}}");
    CHECK(body_of(found)["hits"].empty());
  }
}

TEST_CASE("a query string finds a number of metadata, whichever way each side writes it") {
  const ApiService stack;
  const std::vector<std::vector<std::string>> numbers{
      {"0.00001", "1e-5", "1E-05", "0.000010", "10.0e-6"},
      {"0.000035", "3.5e-5"},
      {"1234567890123456.5", "1.2345678901234565e15"},
      {"0.0000001", "1e-7"},
      {"1.50", "1.5", "15e-1"},
      {"100", "100.0", "1e2"},
      {"0", "-0", "0.0", "-0e0"},
      {"1e21", "10e20", "1.0E21"},
      {"-2.5", "-25e-1"}};
  for (const auto& forms : numbers) {
    for (const std::string& form : forms)
      create(stack, R"({"content":"Cats purr","metadata":{"n":)" + form + "}}");
  }
  stack.embed_everything();
  for (const auto& forms : numbers) {
    for (const std::string& form : forms) {
      INFO(form);
      const auto found = stack.get("/api/search?q=cats&k=50&metadata.n=" + form);
      CHECK(body_of(found)["hits"].size() == forms.size());
    }
  }
  // What JSON has for no number.
  for (const char* other : {"1.5%20", "%201.5", "01.5", "%2B1.5", "1.5.", ".5e0", "1e", "1e999",
                            "-", "0x1p3", "%EF%BB%BF1.5", "nan"}) {
    INFO(other);
    const auto found = stack.get(std::string("/api/search?q=cats&metadata.n=") + other);
    CHECK(found.status == 200);
    CHECK(body_of(found)["hits"].empty());
  }
}

TEST_CASE("a query string finds text of metadata that looks like a number as it is written") {
  const ApiService stack;
  const auto titles = [&](const std::string& value) {
    std::vector<std::string> found;
    const auto answer = body_of(stack.get("/api/search?q=cats&metadata.n=" + value));
    for (const auto& hit : answer["hits"])
      found.push_back(hit["title"].get<std::string>());
    std::sort(found.begin(), found.end());
    return found;
  };
  create(stack, R"({"title":"agent","content":"Cats purr","metadata":{"n":"007"}})");
  create(stack, R"({"title":"both","content":"Cats purr","metadata":{"n":[1.50,"1.50"]}})");
  create(stack, R"({"title":"number","content":"Cats purr","metadata":{"n":1.50}})");
  create(stack, R"({"title":"text","content":"Cats purr","metadata":{"n":"1.50"}})");
  stack.embed_everything();
  using Titles = std::vector<std::string>;
  CHECK(titles("007") == Titles{"agent"});
  CHECK(titles("7").empty());
  CHECK(titles("1.50") == Titles{"both", "number", "text"});
  CHECK(titles("1.500") == Titles{"both", "number"});
  CHECK(titles("1.50&metadata.n=15e-1") == Titles{"both", "number"});
}

TEST_CASE("a bad search is refused with what is wrong") {
  const ApiService stack;
  for (const char* target : {"/api/search", "/api/search?q=", "/api/search?q=%20%20",
                             "/api/search?q=a&k=0", "/api/search?q=a&k=51", "/api/search?q=a&k=x",
                             "/api/search?q=a&min_score=2", "/api/search?q=a&min_score=nan",
                             "/api/search?q=a&status=gone", "/api/search?q=a&metadata.=x"}) {
    INFO(target);
    CHECK(stack.get(target).status == 422);
  }
  CHECK(stack.get("/api/search?q=" + std::string(2001, 'a')).status == 422);
  const std::vector<std::pair<std::string, std::string>> bodies{
      {"{}", "#/q"},
      {R"({"q":""})", "#/q"},
      {R"({"q":7})", "#/q"},
      {R"({"q":"a","k":51})", "#/k"},
      {R"({"q":"a","k":1.5})", "#/k"},
      {R"({"q":"a","k":-1})", "#/k"},
      {R"({"q":"a","min_score":-0.1})", "#/min_score"},
      {R"({"q":"a","min_score":"1"})", "#/min_score"},
      {R"({"q":"a","status":1})", "#/status"},
      {R"({"q":"a","metadata":[]})", "#/metadata"},
      {R"({"q":"a","metadata":{"x":{}}})", "#/metadata/x"},
      {R"({"q":"a","limit":1})", "#/limit"}};
  for (const auto& [body, pointer] : bodies) {
    INFO(body);
    const http::Response response = stack.post_json("/api/search", body);
    CHECK(response.status == 422);
    CHECK(body_of(response)["errors"][0]["pointer"] == pointer);
  }
  CHECK(stack.post_json("/api/search", "[").status == 400);
}

TEST_CASE("a parameter that is given twice is no request for one of its values") {
  const ApiService stack;
  const api::test::Fields admin{{"X-API-Key", stack.make_api_key(store::Scope::Admin)}};
  for (const auto& [path, name, value] :
       std::vector<std::array<std::string, 3>>{{"/api/jobs", "status", "dead"},
                                               {"/api/jobs", "kind", "embed"},
                                               {"/api/jobs", "queue", "default"},
                                               {"/api/jobs", "older_than", "7d"},
                                               {"/api/jobs", "cursor", "1"},
                                               {"/api/jobs", "limit", "1"},
                                               {"/api/queue", "queue", "default"},
                                               {"/api/documents", "limit", "1"},
                                               {"/api/documents", "status", "ready"},
                                               {"/api/search", "q", "word"},
                                               {"/api/search", "k", "1"},
                                               {"/api/search", "min_score", "0.5"},
                                               {"/api/search", "status", "ready"}}) {
    INFO(path << " " << name);
    const std::string one =
        path + "?" + (path == "/api/search" && name != "q" ? "q=w&" : "") + name + "=" + value;
    CHECK(stack.call("GET", one, admin).status == 200);
    const http::Response twice = stack.call("GET", one + "&" + name + "=" + value, admin);
    CHECK(twice.status == 422);
    CHECK(body_of(twice)["errors"] ==
          nlohmann::json::array({{{"parameter", name}, {"detail", "must be given once"}}}));
  }
  const http::Response titled = stack.call("POST", "/api/documents?title=a&title=b",
                                           {{"Content-Type", "text/plain"}}, "text");
  CHECK(titled.status == 422);
  CHECK(body_of(titled)["errors"][0]["parameter"] == "title");
}

TEST_CASE("jobs and queues are shown, and what is none is 404") {
  const ApiService stack;
  create(stack, R"({"content":"one"})");
  create(stack, R"({"content":"two"})");
  const auto queue = body_of(stack.get("/api/queue"));
  CHECK(queue["queue"] == "default");
  CHECK(queue["ready"] == 2);
  CHECK(queue["dead"] == 0);
  CHECK(queue["oldest_ready_seconds"].get<double>() >= 0);
  CHECK(body_of(stack.get("/api/queue?queue=other"))["ready"] == 0);
  for (const char* id : {"99999", "x", "-1", "1x", "99999999999999999999"}) {
    INFO(id);
    const http::Response response = stack.get(std::string("/api/jobs/") + id);
    CHECK(response.status == 404);
    CHECK(header_of(response, "Content-Type") == "application/problem+json");
  }
}

TEST_CASE("an API worker reports the queue: perhaps no queue worker runs") {
  ApiService stack;
  create(stack, R"({"content":"one"})");
  create(stack, R"({"content":"two"})");
  CHECK(holdfast::test::wait_until([&] {
    return stack.scrape().find("\nqueue_size{queue=\"default\",state=\"ready\"} 2\n") !=
           std::string::npos;
  }));
  const std::string metrics = stack.scrape();
  CHECK(metrics.find("\nqueue_oldest_ready_age_seconds{queue=\"default\"} ") != std::string::npos);
  CHECK(metrics.find("\nstore_disk_free_bytes 0\n") == std::string::npos);
}
