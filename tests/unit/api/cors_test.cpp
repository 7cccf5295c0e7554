// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/cors.hpp"

#include "common/http/vary.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/api/support.hpp"

using namespace holdfast;
using namespace holdfast::api;
using namespace std::chrono_literals;
using api::test::header_of;

namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

config::Cors listed() {
  config::Cors config;
  config.origins = {"https://app.example.org", "https://*.preview.example.org"};
  config.credentials = true;
  config.max_age = 10min;
  return config;
}

const Lines kPreflight{{"Origin", "https://app.example.org"},
                       {"Access-Control-Request-Method", "PUT"},
                       {"Access-Control-Request-Headers", "content-type,x-request-id"}};

// What a request gets that a handler answers with 200, or that ends in the middleware.
http::Response answer(const config::Cors& config, const std::string& method, const Lines& lines) {
  auto request = api::test::make_request(method, "/api/documents");
  for (const auto& [name, value] : lines)
    request->headers.add(name, value);
  Context context = api::test::make_context(request);
  Cors cors(config);
  auto early = cors.on_request(context);
  http::Response response = early ? std::move(*early) : http::Response::text(200, "ran");
  cors.on_response(context, response);
  return response;
}

}  // namespace

TEST_CASE("without origins there is no trace of CORS") {
  const auto response = answer({}, "OPTIONS", kPreflight);
  CHECK(response.status == 200);  // the route's own OPTIONS
  CHECK(header_of(response, "Vary") == "(none)");
  CHECK(header_of(response, "Access-Control-Allow-Origin") == "(none)");
}

TEST_CASE("an allowed origin gets itself back, with credentials and what it may read") {
  const auto response = answer(listed(), "GET", {{"Origin", "https://app.example.org"}});
  CHECK(response.status == 200);
  CHECK(header_of(response, "Access-Control-Allow-Origin") == "https://app.example.org");
  CHECK(header_of(response, "Access-Control-Allow-Credentials") == "true");
  CHECK(header_of(response, "Access-Control-Expose-Headers").find("X-Request-ID") !=
        std::string::npos);
  CHECK(header_of(response, "Access-Control-Allow-Methods") == "(none)");
  CHECK(header_of(response, "Vary") == "Origin");
}

TEST_CASE("a pattern reflects the origin that matched it, never the pattern") {
  const auto response = answer(listed(), "GET", {{"Origin", "https://pr-7.preview.example.org"}});
  CHECK(header_of(response, "Access-Control-Allow-Origin") == "https://pr-7.preview.example.org");
}

TEST_CASE("another origin, null, none or two of them: the request runs, and no page may read it") {
  const std::vector<Lines> others{{{"Origin", "https://evil.example"}},
                                  {{"Origin", "null"}},
                                  {},
                                  {{"Origin", "https://app.example.org"}, {"Origin", "null"}}};
  for (const Lines& lines : others) {
    INFO((lines.empty() ? "none" : lines[0].second));
    const auto response = answer(listed(), "POST", lines);
    CHECK(response.status == 200);
    CHECK(header_of(response, "Access-Control-Allow-Origin") == "(none)");
    CHECK(header_of(response, "Access-Control-Allow-Credentials") == "(none)");
    CHECK(header_of(response, "Vary") == "Origin");
  }
}

TEST_CASE("a preflight ends here, with what the browser may do and for how long it may remember") {
  const auto response = answer(listed(), "OPTIONS", kPreflight);
  CHECK(response.status == 204);
  CHECK(response.body.empty());
  CHECK(header_of(response, "Access-Control-Allow-Origin") == "https://app.example.org");
  CHECK(header_of(response, "Access-Control-Allow-Credentials") == "true");
  CHECK(header_of(response, "Access-Control-Allow-Methods") == "GET,HEAD,PUT,PATCH,POST,DELETE");
  CHECK(header_of(response, "Access-Control-Allow-Headers") == "content-type,x-request-id");
  CHECK(header_of(response, "Access-Control-Max-Age") == "600");
  CHECK(header_of(response, "Vary") == "Origin, Access-Control-Request-Headers");
}

TEST_CASE("a preflight of another origin gets 204 and no permission") {
  Lines lines = kPreflight;
  lines[0].second = "https://evil.example";
  const auto response = answer(listed(), "OPTIONS", lines);
  CHECK(response.status == 204);
  CHECK(header_of(response, "Access-Control-Allow-Origin") == "(none)");
  CHECK(header_of(response, "Access-Control-Allow-Methods") == "(none)");
  CHECK(header_of(response, "Vary") == "Origin, Access-Control-Request-Headers");
}

TEST_CASE("OPTIONS without a requested method is no preflight") {
  CHECK(answer(listed(), "OPTIONS", {{"Origin", "https://app.example.org"}}).status == 200);
  CHECK(answer(listed(), "OPTIONS", {{"Access-Control-Request-Method", "PUT"}}).status == 200);
}

TEST_CASE("configured headers are granted as they are, and what is no name is not repeated") {
  config::Cors config = listed();
  Lines lines = kPreflight;
  lines[2].second = "x-good, bad(name)";
  CHECK(header_of(answer(config, "OPTIONS", lines), "Access-Control-Allow-Headers") == "(none)");
  const std::string odd = "x-good,\t!#$%&'*+.^_`|~1";
  lines[2].second = odd;
  CHECK(header_of(answer(config, "OPTIONS", lines), "Access-Control-Allow-Headers") == odd);
  config.allowed_headers = {"Content-Type", "X-Mine"};
  config.exposed_headers = {"X-Own"};
  const auto response = answer(config, "OPTIONS", lines);
  CHECK(header_of(response, "Access-Control-Allow-Headers") == "Content-Type,X-Mine");
  CHECK(header_of(response, "Vary") == "Origin");
  CHECK(header_of(answer(config, "GET", {kPreflight[0]}), "Access-Control-Expose-Headers")
            .ends_with(",X-Own"));
}

TEST_CASE("asked-for headers on several lines are one list") {
  Lines lines = kPreflight;
  lines.emplace_back("Access-Control-Request-Headers", "");
  lines.emplace_back("Access-Control-Request-Headers", "x-mine");
  CHECK(header_of(answer(listed(), "OPTIONS", lines), "Access-Control-Allow-Headers") ==
        "content-type,x-request-id, x-mine");
  lines.back().second = "bad(name)";
  CHECK(header_of(answer(listed(), "OPTIONS", lines), "Access-Control-Allow-Headers") == "(none)");
}

TEST_CASE("a star is answered with a star, without credentials and without Vary") {
  config::Cors config;
  config.origins = {"*"};
  const auto response = answer(config, "GET", {{"Origin", "https://anything.example"}});
  CHECK(header_of(response, "Access-Control-Allow-Origin") == "*");
  CHECK(header_of(response, "Access-Control-Allow-Credentials") == "(none)");
  CHECK(header_of(response, "Vary") == "(none)");
}

TEST_CASE("Vary holds each name once, in one line") {
  http::Response response;
  response.headers.set("Vary", "Accept-Encoding");
  add_vary(response, "Origin");
  add_vary(response, "origin");
  add_vary(response, "accept-encoding");
  CHECK(header_of(response, "Vary") == "Accept-Encoding, Origin");
  response.headers.set("Vary", "*");
  add_vary(response, "Origin");
  CHECK(header_of(response, "Vary") == "*");
}
