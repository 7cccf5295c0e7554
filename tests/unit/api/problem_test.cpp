// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/problem.hpp"

#include "api-worker/middleware/request_limits.hpp"
#include "api-worker/middleware/security_headers.hpp"
#include "common/http/response_writer.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/api/support.hpp"

using namespace holdfast;
using namespace holdfast::api;

namespace {

// "Name: value" of each field that a response gets from these settings, as it goes out.
std::vector<std::string> sent_fields(const config::Security& config, http::Response response = {}) {
  Context context = api::test::make_context(api::test::make_request("GET", "/"));
  SecurityHeaders(config).on_response(context, response);
  std::string head;
  http::write_head(response, {.date = "now"}, head);
  std::vector<std::string> lines;
  for (std::size_t from = head.find("\r\n") + 2, end; (end = head.find("\r\n", from)) != from;
       from = end + 2) {
    const std::string line = head.substr(from, end - from);
    if (line != "Date: now" && line != "Content-Length: 0") lines.push_back(line);
  }
  return lines;
}

bool contains(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

}  // namespace

TEST_CASE("a problem is the document of RFC 9457, with the request id") {
  const Context context =
      api::test::make_context(api::test::make_request("GET", "/api/x%20y?q=secret"));
  const http::Response response = problem_response(context, {404, "There is nothing here."});
  CHECK(response.status == 404);
  CHECK(api::test::header_of(response, "Content-Type") == "application/problem+json");
  CHECK(response.body ==
        R"({"type":"about:blank","title":"Not Found","status":404,)"
        R"("detail":"There is nothing here.","instance":"/api/x%20y","request_id":"test-1"})");
}

TEST_CASE("a problem lists everything that is wrong with the input") {
  const Context context =
      api::test::make_context(api::test::make_request("POST", "/api/documents"));
  const http::Response response = problem_response(
      context, {422, "Invalid.", {{"#/title", "", "too long"}, {"", "limit", "too large"}}});
  CHECK(api::test::body_of(response)["errors"] == nlohmann::json::parse(R"([
    {"pointer":"#/title","detail":"too long"}, {"parameter":"limit","detail":"too large"}])"));
}

TEST_CASE("a request that was never understood has no instance") {
  const Context context = api::test::make_context(std::make_shared<http::Request>());
  CHECK_FALSE(api::test::body_of(problem_response(context, {400, "Bad."})).contains("instance"));
}

TEST_CASE("a 503 says when to come back") {
  const Context context = api::test::make_context(api::test::make_request("GET", "/"));
  CHECK(api::test::header_of(problem_response(context, {503, "Busy."}), "Retry-After") == "1");
  CHECK(api::test::header_of(problem_response(context, {500, "Broken."}), "Retry-After") ==
        "(none)");
}

TEST_CASE("each kind of error has its status, and our own faults keep their cause to themselves") {
  struct Row {
    ErrorKind kind;
    int status;
    bool tells;
  };
  const std::vector<Row> rows{
      {ErrorKind::InvalidArgument, 422, true},   {ErrorKind::NotFound, 404, true},
      {ErrorKind::Conflict, 409, true},          {ErrorKind::ResourceExhausted, 503, false},
      {ErrorKind::Unavailable, 503, false},      {ErrorKind::DeadlineExceeded, 503, false},
      {ErrorKind::PermissionDenied, 503, false}, {ErrorKind::DataLoss, 503, false},
      {ErrorKind::KeyReused, 422, false},        {ErrorKind::Unstorable, 422, false},
      {ErrorKind::Internal, 500, false}};
  for (const Row& row : rows) {
    INFO(to_string(row.kind));
    const ProblemDetails problem = problem_of({row.kind, "/var/lib/holdfast/secret.db says no", 0});
    CHECK(problem.status == row.status);
    CHECK((problem.detail.find("secret.db") != std::string::npos) == row.tells);
  }
}

TEST_CASE("what a database says reaches no client, and is never the request's fault") {
  for (const ErrorKind kind : {ErrorKind::InvalidArgument, ErrorKind::NotFound, ErrorKind::Conflict,
                               ErrorKind::Unavailable, ErrorKind::PermissionDenied}) {
    INFO(to_string(kind));
    const Error error{kind, "database 'postgresql db.internal/holdfast': no", 0, true};
    for (const Error& one : {error, error.with_context("read")}) {
      CHECK(problem_of(one).status == 503);
      CHECK(problem_of(one).detail == "The service cannot answer at the moment. Try again.");
    }
  }
}

TEST_CASE("security headers are helmet's, with frames denied") {
  const std::vector<std::string> expected{
      "Content-Security-Policy: default-src 'self';base-uri 'self';font-src 'self' https: data:;"
      "form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';"
      "script-src 'self';script-src-attr 'none';style-src 'self' https: 'unsafe-inline';"
      "upgrade-insecure-requests",
      "Cross-Origin-Opener-Policy: same-origin",
      "Cross-Origin-Resource-Policy: same-origin",
      "Origin-Agent-Cluster: ?1",
      "Referrer-Policy: no-referrer",
      "Strict-Transport-Security: max-age=31536000; includeSubDomains",
      "X-Content-Type-Options: nosniff",
      "X-DNS-Prefetch-Control: off",
      "X-Download-Options: noopen",
      "X-Frame-Options: DENY",
      "X-Permitted-Cross-Domain-Policies: none",
      "X-XSS-Protection: 0"};
  CHECK(sent_fields({}) == expected);
}

TEST_CASE("a handler's own security header wins over the default") {
  http::Response response;
  response.headers.set("content-security-policy", "default-src 'none'");
  const auto lines = sent_fields({}, response);
  CHECK(lines.size() == 12);
  CHECK(contains(lines, "content-security-policy: default-src 'none'"));
  CHECK(contains(lines, "X-Frame-Options: DENY"));
}

TEST_CASE("the two headers that depend on the site are configured, or left out") {
  config::Security config;
  config.content_security_policy = "default-src 'none'; frame-ancestors 'none'";
  config.strict_transport_security = "";
  const auto lines = sent_fields(config);
  CHECK(lines.size() == 11);
  CHECK(contains(lines, "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'"));
}

TEST_CASE("a configured header that would split the answer is never sent") {
  config::Security config;
  config.content_security_policy = "default-src 'none'\r\nSet-Cookie: a=b";
  CHECK(sent_fields(config).size() == 11);
}

TEST_CASE("requests beyond a limit get the status of that limit") {
  struct Row {
    const char* method;
    std::vector<std::pair<std::string, std::string>> headers;
    int status;  // 0: goes on
    const char* route = "/api/documents";
  };
  const std::vector<Row> rows{
      {"GET", {}, 0},
      {"POST", {}, 411},
      {"PUT", {}, 411, "/api/documents/{id}"},
      {"POST", {}, 411, "/api/queue/pause"},
      {"POST", {}, 0, "/api/jobs/{id}/retry"},
      {"POST", {}, 0, "/api/jobs/{id}/cancel"},
      {"POST", {}, 0, "/api/queue"},  // 405
      {"POST", {}, 0, "unmatched"},   // 404
      {"PATCH", {}, 0},
      {"DELETE", {}, 0},
      {"POST", {{"Content-Length", "0"}}, 0},
      {"POST", {{"Transfer-Encoding", "chunked"}}, 0},
      {"POST", {{"Content-Length", "1"}, {"Content-Encoding", "gzip"}}, 0},
      {"POST", {{"Content-Length", "1"}, {"Content-Encoding", "br"}}, 415},
      {"POST", {{"Content-Length", "1"}, {"Content-Encoding", "Identity"}}, 0},
  };
  for (const Row& row : rows) {
    INFO(row.method);
    auto request = api::test::make_request(row.method, "/");
    for (const auto& [name, value] : row.headers)
      request->headers.add(name, value);
    Context context = api::test::make_context(request);
    context.route = row.route;
    const auto response = RequestLimits().on_request(context);
    CHECK((response ? response->status : 0) == row.status);
  }
}

TEST_CASE("documents may have a larger body than everything else") {
  config::Http config;
  CHECK(body_limit(*api::test::make_request("POST", "/api/documents"), config) == 10u << 20);
  CHECK(body_limit(*api::test::make_request("PUT", "/api/documents/7"), config) == 10u << 20);
  CHECK(body_limit(*api::test::make_request("POST", "/api/search"), config) == 1u << 20);
  CHECK(body_limit(*api::test::make_request("POST", "/api/documentsx"), config) == 1u << 20);
}

TEST_CASE("the instance of a problem is a URI reference") {
  const auto instance = [](const std::string& target) {
    const Context context = api::test::make_context(api::test::make_request("GET", target));
    return api::test::body_of(problem_response(context, {404, ""}))["instance"].get<std::string>();
  };
  CHECK(instance("/api/x%20y") == "/api/x%20y");
  CHECK(instance("/api/%C3%A4%22%3C") == "/api/%C3%A4%22%3C");
  CHECK(instance("/a:b@c!$&'()*+,;=~-._/") == "/a:b@c!$&'()*+,;=~-._/");
  CHECK(instance("/%3Fq%23f") == "/%3Fq%23f");
  CHECK(instance("/a%25b") == "/a%25b");
}

TEST_CASE("a content coding is a list") {
  const auto status = [](const std::vector<std::string>& lines) {
    auto request = api::test::make_request("POST", "/api/documents");
    request->headers.add("Content-Length", "1");
    for (const std::string& line : lines)
      request->headers.add("Content-Encoding", line);
    Context context = api::test::make_context(request);
    const auto refusal = RequestLimits().on_request(context);
    return refusal ? refusal->status : 0;
  };
  CHECK(status({}) == 0);
  CHECK(status({""}) == 0);
  CHECK(status({"identity"}) == 0);
  CHECK(status({" Identity , ,identity,"}) == 0);
  CHECK(status({"identity", "gzip"}) == 0);
  CHECK(status({"X-Gzip"}) == 0);
  CHECK(status({"gzip", "gzip"}) == 415);
  CHECK(status({"gzip, identity, deflate"}) == 415);
  CHECK(status({"identity, br"}) == 415);
  CHECK(status({"x"}) == 415);
}
