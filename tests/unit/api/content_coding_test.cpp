// SPDX-License-Identifier: Apache-2.0
#include "common/http/content_coding.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/api/gunzip.hpp"
#include "tests/unit/api/support.hpp"

using namespace holdfast;
using namespace holdfast::api;
using api::test::gunzip;
using api::test::header_of;

namespace {

bool accepts(const std::vector<std::string>& values) {
  http::Headers headers;
  for (const std::string& value : values)
    headers.add("Accept-Encoding", value);
  return http::accepts_gzip(headers);
}

http::Response encoded(http::Response response, const std::string& accept = "gzip") {
  http::Request request;
  request.headers.add("Accept-Encoding", accept);
  http::encode(request, response);
  return response;
}

const std::string kLong(5000, 'x');

}  // namespace

TEST_CASE("gzip is accepted by name or by star, unless its weight is 0 or identity's is higher") {
  CHECK(accepts({"gzip"}));
  CHECK(accepts({"x-gzip"}));
  CHECK(accepts({"GZip"}));
  CHECK(accepts({"br, gzip, deflate"}));
  CHECK(accepts({"br", "gzip;q=0.001"}));
  CHECK(accepts({"*"}));
  CHECK(accepts({"gzip ; q=1.000"}));
  CHECK(accepts({"identity;q=0.5, gzip;q=0.8"}));
  CHECK_FALSE(accepts({}));
  CHECK_FALSE(accepts({""}));
  CHECK_FALSE(accepts({"br"}));
  CHECK_FALSE(accepts({"gzip;q=0"}));
  CHECK_FALSE(accepts({"gzip;q=0.000, *"}));
  CHECK_FALSE(accepts({"*;q=0"}));
  CHECK_FALSE(accepts({"identity, gzip;q=0.5"}));
  CHECK_FALSE(accepts({"gzipped"}));
}

TEST_CASE("a malformed weight counts as 0") {
  for (const char* value : {"gzip;q=", "gzip;q=2", "gzip;q=1.5", "gzip;q=-1", "gzip;q=0.1234",
                            "gzip;q=a", "gzip;q=.5", "gzip;level=1"}) {
    INFO(value);
    CHECK_FALSE(accepts({value}));
  }
}

TEST_CASE("what is compressed unfolds to the same bytes") {
  std::string noise;
  for (unsigned i = 0, x = 1; i < 100000; ++i, x = x * 1664525 + 1013904223)
    noise += static_cast<char>(x >> 24);
  for (const std::string& text : {std::string(), std::string("a"), kLong, noise}) {
    CHECK(gunzip(http::gzip(text)) == text);
  }
  CHECK(http::gzip(kLong).size() < 100);
}

TEST_CASE("a large answer is compressed, says so, varies, and its tag names the compressed bytes") {
  http::Response response = http::Response::json(200, kLong);
  response.headers.set("ETag", "\"3\"");
  response = encoded(std::move(response));
  CHECK(header_of(response, "Content-Encoding") == "gzip");
  CHECK(header_of(response, "Vary") == "Accept-Encoding");
  CHECK(header_of(response, "ETag") == "\"3-gzip\"");
  CHECK(gunzip(response.body) == kLong);
}

TEST_CASE("an answer that could have been compressed varies even when it is not") {
  const http::Response other = encoded(http::Response::json(200, kLong), "br");
  CHECK(other.body == kLong);
  CHECK(header_of(other, "Vary") == "Accept-Encoding");
  const http::Response small = encoded(http::Response::text(200, std::string(1023, 'x')));
  CHECK(header_of(small, "Content-Encoding") == "(none)");
  CHECK(header_of(small, "Vary") == "Accept-Encoding");
}

TEST_CASE("errors and what is no text stay as they are") {
  for (http::Response response :
       {http::Response::json(404, kLong), http::Response::json(202, kLong),
        http::Response::text(200, kLong, "image/png")}) {
    response = encoded(std::move(response));
    CHECK(response.body == kLong);
    CHECK(header_of(response, "Vary") == "(none)");
  }
}
