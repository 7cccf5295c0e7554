// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/text.hpp"

#include "common/metrics/exposition.hpp"
#include "common/text/number.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace holdfast;
using namespace holdfast::metrics;

namespace {

std::string number(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

std::string bound(double value, Format format) {
  std::string out;
  append_bound(out, value, format);
  return out;
}

std::string label_value(std::string_view value) {
  std::string out;
  append_label_value(out, value);
  return out;
}

std::string help(std::string_view text, Format format) {
  std::string out;
  append_help(out, text, format);
  return out;
}

}  // namespace

TEST_CASE("special numbers are spelled as Go spells them") {
  CHECK(number(std::nan("")) == "NaN");
  CHECK(number(std::numeric_limits<double>::infinity()) == "+Inf");
  CHECK(number(-std::numeric_limits<double>::infinity()) == "-Inf");
  CHECK(number(-0.0) == "0");
}

TEST_CASE("whole numbers have no exponent and fractions are as short as they can be") {
  CHECK(number(0) == "0");
  CHECK(number(1e6) == "1000000");
  CHECK(number(-42) == "-42");
  CHECK(number(0.1) == "0.1");
  CHECK(number(0.0005) == "0.0005");
  CHECK(number(0.00005) == "5e-05");
  CHECK(number(1234567.5) == "1234567.5");
  CHECK(number(1e300) == "1e+300");
}

TEST_CASE("every number reads back as the same double") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const std::string text = number(value);
    REQUIRE(text::parse_number<double>(text) == value);
  }
}

TEST_CASE("a bucket bound has one spelling per format") {
  CHECK(bound(1, Format::Text004) == "1");
  CHECK(bound(1, Format::OpenMetrics100) == "1.0");
  CHECK(bound(0.25, Format::Text004) == "0.25");
  CHECK(bound(0.25, Format::OpenMetrics100) == "0.25");
  CHECK(bound(INFINITY, Format::OpenMetrics100) == "+Inf");
}

// A label: "5e-04" would be another bucket than the "0.0005" of other programs.
TEST_CASE("a bucket bound is spelled as Prometheus's own clients spell it") {
  const std::pair<double, const char*> kByGo[] = {
      {0.0001, "0.0001"},
      {0.0005, "0.0005"},
      {0.00025, "0.00025"},
      {0.00005, "5e-05"},
      {1.5e-7, "1.5e-07"},
      {0.005, "0.005"},
      {2.5, "2.5"},
      {100000, "100000"},
      {1e6, "1e+06"},
      {2.5e6, "2.5e+06"},
      {1234567, "1.234567e+06"},
      {-0.0005, "-0.0005"},
      {1048576, "1.048576e+06"},
      {1e21, "1e+21"},
  };
  for (const auto& [value, text] : kByGo)
    CHECK(bound(value, Format::Text004) == text);
  CHECK(bound(100000, Format::OpenMetrics100) == "100000.0");
  CHECK(bound(1e6, Format::OpenMetrics100) == "1e+06");
}

TEST_CASE("a bound that fills its digits is exact") {
  CHECK(bound(9007199254740992.0, Format::OpenMetrics100) == "9.007199254740992e+15");
  CHECK(bound(9007199254740992.0, Format::Text004) == "9.007199254740992e+15");
}

TEST_CASE("label values escape backslash, quote and line feed") {
  CHECK(label_value("C:\\dir \"x\"\nend") == "C:\\\\dir \\\"x\\\"\\nend");
  CHECK(label_value("naïve → ok") == "naïve → ok");
}

TEST_CASE("help escapes a line feed, and quotes only in OpenMetrics") {
  CHECK(help("a\nb\\ \"q\"", Format::Text004) == "a\\nb\\\\ \"q\"");
  CHECK(help("a\nb\\ \"q\"", Format::OpenMetrics100) == "a\\nb\\\\ \\\"q\\\"");
}

TEST_CASE("bytes that are not UTF-8, and NUL, become the replacement character") {
  const std::string replaced = "\xEF\xBF\xBD";
  CHECK(label_value("a\xFFz") == "a" + replaced + "z");
  CHECK(label_value(std::string_view("a\0z", 3)) == "a" + replaced + "z");
  CHECK(label_value("\xC0\x80") == replaced + replaced);                 // overlong
  CHECK(label_value("\xED\xA0\x80") == replaced + replaced + replaced);  // surrogate
  CHECK(label_value("cut \xE2\x82") == "cut " + replaced + replaced);
  CHECK(valid_utf8("\xF0\x9F\x90\x8E"));
  CHECK_FALSE(valid_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
}

TEST_CASE("names are checked as the data model says") {
  CHECK(valid_metric_name("a:b_c9"));
  CHECK_FALSE(valid_metric_name("9a"));
  CHECK_FALSE(valid_metric_name(""));
  CHECK_FALSE(valid_metric_name("a-b"));
  CHECK(valid_label_name("route"));
  CHECK_FALSE(valid_label_name("__name__"));
  CHECK_FALSE(valid_label_name("a:b"));
}

TEST_CASE("a family without help gets a placeholder, so that linters stay quiet") {
  std::string out;
  append_header(out, "jobs", "", Type::Gauge, Format::Text004);
  CHECK(out == "# HELP jobs No help text was given.\n# TYPE jobs gauge\n");
}

TEST_CASE("the format is the one the client likes best") {
  const auto om = Format::OpenMetrics100;
  const auto text = Format::Text004;
  CHECK(negotiate("") == text);
  CHECK(negotiate("*/*") == text);
  CHECK(negotiate("text/html,*/*;q=0.8") == text);
  CHECK(negotiate("application/json") == text);  // the last resort
  CHECK(negotiate("application/openmetrics-text;version=1.0.0,"
                  "application/openmetrics-text;version=0.0.1;q=0.75,"
                  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1") == om);
  CHECK(negotiate("Application/OpenMetrics-Text") == om);
  CHECK(negotiate("application/openmetrics-text; Version=\"1.0.0\"; Q=0.8, text/plain;q=0.5") ==
        om);
  CHECK(negotiate("application/openmetrics-text; a=\"x,y;z\"; version=1.0.0") == om);
  CHECK(negotiate("TEXT/Plain; version=\"0.0.4\", application/openmetrics-text;q=0.5") == text);
  CHECK(negotiate("application/openmetrics-text; version=\"0.0.1\", text/plain;q=0.1") == text);
  CHECK(negotiate("application/openmetrics-text; version=0.0.1, text/plain;q=0.1") == text);
  CHECK(negotiate("application/openmetrics-text;q=0.3, text/plain;q=0.9") == text);
  CHECK(negotiate("application/openmetrics-text;q=0") == text);
  CHECK(negotiate("application/openmetrics-text;q=nonsense;;,,") == text);
}

TEST_CASE("content types carry their version") {
  CHECK(content_type(Format::Text004) == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(content_type(Format::OpenMetrics100) ==
        "application/openmetrics-text; version=1.0.0; charset=utf-8");
}
