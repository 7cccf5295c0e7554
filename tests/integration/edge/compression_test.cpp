// SPDX-License-Identifier: Apache-2.0
// gzip both ways, with the real processes: answers of the status endpoint, bodies of documents.
#include "common/http/content_coding.hpp"
#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/unit/api/gunzip.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Got {
  std::string head;
  std::string body;
};

// As a scraper asks, which unfolds the answer itself.
Got ask_status(Stack& stack, const std::string& path, const std::string& accept) {
  const auto file = stack.file("answer");
  const auto curl = run_program({"/usr/bin/curl", "-s", "-D", "-", "-o", file, "--unix-socket",
                                 stack.runtime_dir() / "status.sock", "-H",
                                 "Accept-Encoding: " + accept, "http://x" + path});
  REQUIRE(curl.ended.shell_status() == 0);
  return {curl.output, *read_file(file, 64u << 20)};
}

}  // namespace

TEST_CASE("the status endpoint compresses its large answers for who accepts that") {
  Stack stack(default_stack());
  stack.wait_ready();
  for (const char* path : {"/metrics", "/status", "/events?last=100", "/"}) {
    INFO(path);
    const Got zipped = ask_status(stack, path, "gzip");
    CHECK(zipped.head.find("200 OK") != std::string::npos);
    CHECK(zipped.head.find("Content-Encoding: gzip") != std::string::npos);
    // The metrics have a format that is negotiated, besides.
    const std::string vary =
        std::string(path) == "/metrics" ? "Vary: Accept, Accept-Encoding" : "Vary: Accept-Encoding";
    CHECK(zipped.head.find(vary) != std::string::npos);
    CHECK(api::test::gunzip(zipped.body).size() > zipped.body.size());
    const Got plain = ask_status(stack, path, "identity");
    CHECK(plain.head.find("Content-Encoding") == std::string::npos);
    CHECK(plain.body.size() > zipped.body.size());
  }
  const std::string metrics =
      api::test::gunzip(ask_status(stack, "/metrics", "deflate, gzip;q=0.5").body);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_up") > 0);
  CHECK(ask_status(stack, "/ready", "gzip").head.find("Content-Encoding") == std::string::npos);
}

TEST_CASE("a document in gzip is stored as what it was, and a bomb is not") {
  Stack stack(default_stack());
  stack.wait_ready();
  const auto post = [&](const std::string& body, const std::string& coding) {
    http::Headers headers;
    headers.set("Content-Type", "text/plain");
    headers.set("Content-Encoding", coding);
    const auto answer = http::fetch("POST", stack.api() + "/api/documents", headers, body);
    REQUIRE(answer);
    return *answer;
  };
  std::string text;
  for (int i = 0; text.size() < 1u << 20; ++i)
    text += "Sentence number " + std::to_string(i * 7919 % 10'007) + " of a long text. ";
  const http::Response stored = post(http::gzip(text), "gzip");
  REQUIRE(stored.status == 202);
  CHECK(stack.get(*stored.headers.find("Location") + "/content").body == text);
  const pid_t worker = stack.pid_of("api-worker.0");
  REQUIRE(worker > 0);
  const std::string large = http::gzip(std::string(100u << 20, '\0'));
  const std::string small = http::gzip(std::string(8u << 20, 'x'));
  for (int i = 0; i < 20; ++i) {
    CHECK(post(large, "gzip").status == 413);
    CHECK(post(small, "gzip").status == 413);
  }
  CHECK(post("not gzip", "gzip").status == 400);
  CHECK(post("x", "br").status == 415);
  CHECK(stack.pid_of("api-worker.0") == worker);
}
