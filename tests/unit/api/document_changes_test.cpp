// SPDX-License-Identifier: Apache-2.0
// Repeated requests, conditions and replacements over a real socket with the real store.
#include "tests/support/catch.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/api/gunzip.hpp"
#include "tests/unit/api/support.hpp"

#include <future>

using namespace holdfast;
using namespace holdfast::api;
using api::test::ApiService;
using api::test::body_of;
using api::test::header_of;

namespace {

http::Response keyed(const ApiService& stack, const std::string& key, const std::string& body) {
  return stack.call("POST", "/api/documents",
                    {{"Content-Type", "application/json"}, {"Idempotency-Key", key}}, body);
}

std::string path_of(const http::Response& accepted) {
  REQUIRE(accepted.status == 202);
  return header_of(accepted, "Location");
}

http::Response put(const ApiService& stack, const std::string& path, const std::string& text,
                   const std::string& if_match = "") {
  api::test::Fields fields{{"Content-Type", "text/plain"}};
  if (!if_match.empty()) fields.emplace_back("If-Match", if_match);
  return stack.call("PUT", path, fields, text);
}

}  // namespace

TEST_CASE("a repeated POST gets the same answer, byte for byte, and rings no bell") {
  const ApiService stack;
  const http::Response first = keyed(stack, "\"k1\"", R"({"title":"T","content":"Text"})");
  REQUIRE(first.status == 202);
  CHECK(header_of(first, "Idempotent-Replayed") == "(none)");
  CHECK(stack.rings() == 1);
  const http::Response again = keyed(stack, "k1", R"({ "content":"Text", "title":"T" })");
  CHECK(again.status == 202);
  CHECK(again.body == first.body);
  CHECK(header_of(again, "Location") == header_of(first, "Location"));
  CHECK(header_of(again, "Idempotent-Replayed") == "true");
  CHECK(stack.rings() == 0);
  CHECK(body_of(stack.get("/api/documents"))["documents"].size() == 1);
}

TEST_CASE("a key with another body is 422, and one that is none is 400") {
  const ApiService stack;
  REQUIRE(keyed(stack, "k1", R"({"content":"one"})").status == 202);
  const http::Response other = keyed(stack, "k1", R"({"content":"two"})");
  CHECK(other.status == 422);
  CHECK(body_of(other)["detail"].get<std::string>().find("Idempotency-Key") != std::string::npos);
  CHECK(keyed(stack, "a b", R"({"content":"one"})").status == 400);
  CHECK(body_of(stack.get("/api/documents"))["documents"].size() == 1);
}

TEST_CASE("a refused document does not use its key up") {
  const ApiService stack;
  REQUIRE(keyed(stack, "k1", R"({"content":""})").status == 422);
  const http::Response corrected = keyed(stack, "k1", R"({"content":"one"})");
  CHECK(corrected.status == 202);
  CHECK(header_of(corrected, "Idempotent-Replayed") == "(none)");
}

TEST_CASE("duplicates that arrive together all get the one document") {
  const ApiService stack;
  std::vector<std::future<http::Response>> answers;
  for (int i = 0; i < 8; ++i) {
    answers.push_back(
        std::async(std::launch::async, [&] { return keyed(stack, "k1", R"({"content":"one"})"); }));
  }
  std::string body;
  int replayed = 0;
  for (auto& answer : answers) {
    const http::Response response = answer.get();
    CHECK(response.status == 202);
    if (body.empty()) body = response.body;
    CHECK(response.body == body);
    replayed += header_of(response, "Idempotent-Replayed") == "true" ? 1 : 0;
  }
  CHECK(replayed == 7);
  CHECK(body_of(stack.get("/api/documents"))["documents"].size() == 1);
}

TEST_CASE("a document that the client knows is 304, until its status or text changes") {
  const ApiService stack;
  const std::string path = path_of(stack.post_json("/api/documents", R"({"content":"one"})"));
  const std::string pending = header_of(stack.get(path), "ETag");
  const http::Response known = stack.get(path, {{"If-None-Match", pending}});
  CHECK(known.status == 304);
  CHECK(known.body.empty());
  CHECK(header_of(known, "ETag") == pending);
  CHECK(header_of(known, "Vary") == "Accept-Encoding");
  const std::string text = header_of(stack.get(path + "/content"), "ETag");
  stack.embed_everything();
  const http::Response ready = stack.get(path, {{"If-None-Match", pending}});
  CHECK(ready.status == 200);
  CHECK(body_of(ready)["status"] == "ready");
  CHECK(stack.get(path + "/content", {{"If-None-Match", text}}).status == 304);
  REQUIRE(put(stack, path, "two").status == 202);
  CHECK(stack.get(path + "/content", {{"If-None-Match", text}}).body == "two");
  CHECK(stack.get(path, {{"If-None-Match", header_of(ready, "ETag")}}).status == 200);
}

TEST_CASE("PUT makes the next version, found by its new text once it is embedded") {
  const ApiService stack;
  const http::Response created =
      stack.post_json("/api/documents", R"({"title":"A","content":"walrus","metadata":{"a":1}})");
  const std::string path = path_of(created);
  CHECK(body_of(created)["version"] == 1);
  stack.embed_everything();
  stack.rings();
  const http::Response replaced = put(stack, path, "penguin");
  REQUIRE(replaced.status == 202);
  CHECK(header_of(replaced, "Location") == path);
  CHECK(body_of(replaced)["version"] == 2);
  CHECK(body_of(replaced)["status"] == "pending");
  CHECK(stack.rings() == 1);
  const auto document = body_of(stack.get(path));
  CHECK(document["title"] == "penguin");
  CHECK(document["metadata"] == nlohmann::json::object());
  CHECK(document["version"] == 2);
  CHECK(body_of(stack.get("/api/search?q=walrus"))["hits"].size() == 1);
  stack.embed_everything();
  CHECK(body_of(stack.get("/api/search?q=walrus"))["hits"].empty());
  CHECK(body_of(stack.get("/api/search?q=penguin"))["hits"].size() == 1);
}

TEST_CASE("If-Match protects from lost updates, and is not troubled by the embedding") {
  const ApiService stack;
  const std::string path = path_of(stack.post_json("/api/documents", R"({"content":"one"})"));
  const std::string tag = header_of(stack.get(path), "ETag");
  stack.embed_everything();
  CHECK(put(stack, path, "two", tag).status == 202);
  const http::Response lost = put(stack, path, "three", tag);
  CHECK(lost.status == 412);
  CHECK(header_of(lost, "Content-Type") == "application/problem+json");
  CHECK(stack.get(path + "/content").body == "two");
  CHECK(stack.call("DELETE", path, {{"If-Match", tag}}).status == 412);
  CHECK(put(stack, path, "three", "two").status == 400);
  CHECK(stack.call("DELETE", path, {{"If-Match", "two"}}).status == 400);
  CHECK(put(stack, path, "three", "*").status == 202);
  const std::string now = header_of(stack.get(path), "ETag");
  CHECK(stack.call("DELETE", path, {{"If-Match", now}}).status == 204);
  CHECK(put(stack, path, "four", now).status == 404);
}

TEST_CASE("a replacement is checked as a new document is") {
  const ApiService stack;
  const std::string path = path_of(stack.post_json("/api/documents", R"({"content":"one"})"));
  CHECK(put(stack, path, " ").status == 422);
  CHECK(stack.call("PUT", path, {{"Content-Type", "application/json"}}, "{").status == 400);
  CHECK(stack.call("PUT", path, {{"Content-Type", "text/html"}}, "x").status == 415);
  CHECK(body_of(stack.get(path))["version"] == 1);
}

TEST_CASE("large documents come compressed to who takes it, and whole to who does not") {
  const ApiService stack;
  std::string text;
  while (text.size() < 300'000)
    text += "The moon pulls the sea; twice a day it rises. ";
  const http::Response accepted =
      stack.call("POST", "/api/documents", {{"Content-Type", "text/plain"}}, text);
  const std::string path = path_of(accepted);
  const http::Response plain = stack.get(path + "/content", {{"Accept-Encoding", "identity"}});
  CHECK(plain.body == text);
  CHECK(header_of(plain, "ETag") == "\"1\"");
  CHECK(header_of(plain, "Vary") == "Accept-Encoding");
  const std::string raw = stack.raw("GET " + path +
                                    "/content HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n"
                                    "Connection: close\r\n\r\n");
  CHECK(raw.find("Content-Encoding: gzip\r\n") != std::string::npos);
  CHECK(raw.find("ETag: \"1-gzip\"\r\n") != std::string::npos);
  CHECK(api::test::gunzip(raw.substr(raw.find("\r\n\r\n") + 4)) == text);
  CHECK(raw.size() < 20'000);
  const http::Response known = stack.get(path + "/content", {{"If-None-Match", "\"1-gzip\""}});
  CHECK(known.status == 304);
  CHECK(header_of(known, "ETag") == "\"1-gzip\"");
}

TEST_CASE("HEAD says what GET would, without the body") {
  const ApiService stack;
  const std::string path = path_of(stack.post_json("/api/documents", R"({"content":"one"})"));
  for (const std::string& target :
       {path, path + "/content", std::string("/api/documents"), std::string("/openapi.json")}) {
    INFO(target);
    const auto head_of = [&](const char* method) {
      std::string raw = stack.raw(std::string(method) + " " + target +
                                  " HTTP/1.1\r\nHost: x\r\nX-Request-ID: r\r\nConnection: "
                                  "close\r\n\r\n");
      const std::size_t end = raw.find("\r\n\r\n");
      REQUIRE(end != std::string::npos);
      std::string body = raw.substr(end + 4);
      raw.resize(end);
      const std::size_t date = raw.find("Date: ");
      raw.erase(date, raw.find("\r\n", date) - date);
      return std::pair(raw, body);
    };
    const auto [get_head, get_body] = head_of("GET");
    const auto [head_head, head_body] = head_of("HEAD");
    CHECK(head_head == get_head);
    CHECK_FALSE(get_body.empty());
    CHECK(head_body.empty());
  }
}

TEST_CASE("the description of the API is served, tagged, and not sent twice") {
  const ApiService stack;
  const http::Response description = stack.get("/openapi.json");
  REQUIRE(description.status == 200);
  CHECK(header_of(description, "Content-Type") == "application/json");
  CHECK(body_of(description)["openapi"] == "3.1.0");
  std::string tag = header_of(description, "ETag");
  CHECK(stack.get("/openapi.json", {{"If-None-Match", tag}}).status == 304);
  // As of the document resources: If-Match comes first (RFC 9110, 13.2.2).
  CHECK(stack.get("/openapi.json", {{"If-Match", tag}}).status == 200);
  CHECK(stack.get("/openapi.json", {{"If-Match", tag}, {"If-None-Match", tag}}).status == 304);
  CHECK(stack.get("/openapi.json", {{"If-Match", "\"zzz\""}}).status == 412);
  CHECK(stack.get("/openapi.json", {{"If-Match", "\"zzz\""}, {"If-None-Match", tag}}).status ==
        412);
  CHECK(stack.get("/openapi.json", {{"If-Match", "zzz"}}).status == 400);
}

namespace {

http::Response keyed_put(const ApiService& stack, const std::string& path, const std::string& key,
                         const std::string& text, const std::string& if_match = "") {
  api::test::Fields fields{{"Content-Type", "text/plain"}, {"Idempotency-Key", key}};
  if (!if_match.empty()) fields.emplace_back("If-Match", if_match);
  return stack.call("PUT", path, fields, text);
}

}  // namespace

TEST_CASE("a repeated PUT gets its first answer, and makes no second version") {
  const ApiService stack;
  const std::string path = path_of(stack.post_json("/api/documents", R"({"content":"one"})"));
  const http::Response first = keyed_put(stack, path, "k1", "two", "\"1\"");
  REQUIRE(first.status == 202);
  CHECK(body_of(first)["version"] == 2);
  CHECK(header_of(first, "Idempotent-Replayed") == "(none)");
  // The version that it expected is gone, because it replaced it itself.
  const http::Response again = keyed_put(stack, path, "k1", "two", "\"1\"");
  CHECK(again.status == 202);
  CHECK(again.body == first.body);
  CHECK(header_of(again, "Idempotent-Replayed") == "true");
  CHECK(body_of(stack.get(path))["version"] == 2);
  REQUIRE(put(stack, path, "three").status == 202);
  CHECK(keyed_put(stack, path, "k1", "two").body == first.body);
  CHECK(stack.get(path + "/content").body == "three");
  REQUIRE(stack.call("DELETE", path).status == 204);
  CHECK(keyed_put(stack, path, "k1", "two").body == first.body);
}

TEST_CASE("a key of a PUT is that of one document and one text") {
  const ApiService stack;
  const std::string one = path_of(stack.post_json("/api/documents", R"({"content":"one"})"));
  const std::string two = path_of(stack.post_json("/api/documents", R"({"content":"two"})"));
  REQUIRE(keyed_put(stack, one, "k1", "text").status == 202);
  CHECK(keyed_put(stack, one, "k1", "other").status == 422);
  CHECK(keyed_put(stack, two, "k1", "text").status == 422);
  CHECK(keyed(stack, "k1", R"({"content":"text"})").status == 422);
  CHECK(keyed_put(stack, one, "a b", "text").status == 400);
  CHECK(body_of(stack.get(two))["version"] == 1);
  // A change that was refused has not used its key up.
  CHECK(keyed_put(stack, two, "k2", "text", "\"7\"").status == 412);
  CHECK(keyed_put(stack, two, "k2", "text", "\"1\"").status == 202);
}

TEST_CASE("a repeated retry of a job changes nothing") {
  const ApiService stack;
  REQUIRE(stack.post_json("/api/documents", R"({"content":"one"})").status == 202);
  stack.fail_everything("broken");
  const auto retry = [&](const std::string& job, const std::string& key) {
    return stack.call("POST", "/api/jobs/" + job + "/retry", {{"Idempotency-Key", key}});
  };
  const http::Response first = retry("1", "r1");
  REQUIRE(first.status == 202);
  CHECK(header_of(first, "Idempotent-Replayed") == "(none)");
  stack.fail_everything("broken again");
  const http::Response again = retry("1", "r1");
  CHECK(again.status == 202);
  CHECK(header_of(again, "Idempotent-Replayed") == "true");
  CHECK(body_of(again)["state"] == "dead");  // as it is now: it was not retried again
  CHECK(retry("1", "r2").status == 202);
  CHECK(retry("1", "r3").status == 409);  // it is ready already
}
