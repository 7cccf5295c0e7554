// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/parser.hpp"

#include "common/metrics/text.hpp"
#include "supervisor/telemetry/number.hpp"
#include "supervisor/telemetry/resolve.hpp"
#include "tests/support/catch.hpp"

#include <clocale>
#include <cmath>
#include <locale>

using namespace holdfast::supervisor::telemetry;

namespace {

bool good(std::string_view line) {
  const std::string text = std::string(line) + "\n";
  const Exposition parsed = parse(text);
  return parsed.bad_lines == 0 && parsed.samples.size() == 1;
}

struct DecimalComma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("a sample has a name, labels and a value") {
  const std::string text =
      "http_requests_total{method=\"GET\",route=\"/a b\"} 12.5 1700000000000\n";
  const Exposition parsed = parse(text);
  REQUIRE(parsed.samples.size() == 1);
  CHECK(parsed.samples[0].name == "http_requests_total");
  REQUIRE(parsed.labels.size() == 2);
  CHECK(parsed.labels[1].name == "route");
  CHECK(parsed.labels[1].value == "/a b");
  CHECK(parsed.values[0] == 12.5);
}

TEST_CASE("everything that either format allows is accepted") {
  CHECK(good("a 1"));
  CHECK(good("  a\t1"));
  CHECK(good("a{} 1"));
  CHECK(good("a {x=\"1\"} 1"));
  CHECK(good("a{ x = \"1\" , } 1"));
  CHECK(good("a{x=\"}\"} 1"));
  CHECK(good("a{x=\"\\\"\\\\\"} 1"));
  CHECK(good("a 1 1700000000.123"));
  CHECK(good("a_bucket{le=\"1.0\"} 4 # {trace_id=\"abc\"} 0.5 1700000000.1"));
  CHECK(good("a 1 # {} 1"));
}

TEST_CASE("a malformed line is skipped and counted, the others stay") {
  for (const char* bad :
       {"a", "a{", "a{x} 1", "a{x=1} 1", "a{x=\"1} 1", "a{x=\"1\" y=\"2\"} 1", "9a 1", "a-b 1",
        "a 1 2 3", "a 1x", "a one", "a{x=\"1\"}", "{} 1", "a{x=\"1\"}}", "a 1 now", "a 1e999"}) {
    INFO(bad);
    const std::string text = "before 1\n" + std::string(bad) + "\nafter{k=\"v\"} 2\n";
    const Exposition parsed = parse(text);
    CHECK(parsed.bad_lines == 1);
    REQUIRE(parsed.samples.size() == 2);
    CHECK(parsed.samples[1].name == "after");
    CHECK(parsed.samples[1].label_count == 1);
    CHECK(parsed.labels[parsed.samples[1].first_label].value == "v");
  }
}

TEST_CASE("numbers are parsed as Go parses them") {
  CHECK(parse_number("12") == 12);
  CHECK(parse_number("+1.5e3") == 1500);
  CHECK(parse_number("-0.25") == -0.25);
  CHECK(parse_number("+Inf") == INFINITY);
  CHECK(parse_number("-inf") == -INFINITY);
  CHECK(parse_number("12345678901234567890") == 12345678901234567890.0);
  CHECK(std::isnan(parse_number("Nan").value()));
  for (const char* bad : {"", "+", "-", "+-1", "1.2.3", "nan(1)", "0x", "1 "}) {
    INFO(bad);
    CHECK_FALSE(parse_number(bad).has_value());
  }
}

TEST_CASE("a truncated last line is a bad line, whatever it contains") {
  const std::string text = "a_total 1\nb_total 12";
  const Exposition parsed = parse(text);
  CHECK(parsed.samples.size() == 1);
  CHECK(parsed.bad_lines == 1);
}

TEST_CASE("types and help belong to families; the first of each counts") {
  const std::string text =
      "# HELP a first \\n line\n# TYPE a counter\n# TYPE a gauge\n# HELP a second\n"
      "# any comment\n#\n# UNIT a seconds\n# TYPE b strange\n# TYPE bad-name gauge\n";
  const Exposition parsed = parse(text);
  REQUIRE(parsed.families.size() == 1);
  CHECK(parsed.families[0].type == ParsedType::Counter);
  CHECK(unescape(parsed.families[0].help) == "first \n line");
  CHECK(parsed.bad_lines == 2);
}

TEST_CASE("unknown escapes are kept as they are") {
  CHECK(unescape("a\\tb\\\\c\\\"d\\ne\\") == "a\\tb\\c\"d\ne\\");
}

TEST_CASE("of the same lines with new numbers, only the numbers are parsed") {
  const std::string before = "# TYPE a counter\na{x=\"1\"} 1\n\nb 2 17\n# EOF\n";
  const Exposition parsed = parse(before);
  std::vector<double> values;
  REQUIRE(reread(parsed.lines, before, "# TYPE a counter\na{x=\"1\"} 100\n\nb 2.5 18\n# EOF\n",
                 values));
  CHECK(values == std::vector<double>{100, 2.5});
  for (const char* other : {"# TYPE a gauge\na{x=\"1\"} 1\n\nb 2 17\n# EOF\n",
                            "# TYPE a counter\na{x=\"2\"} 1\n\nb 2 17\n# EOF\n",
                            "# TYPE a counter\na{x=\"1\"} 1\n\nb 2 17\n",
                            "# TYPE a counter\na{x=\"1\"} 1\n\nb 2 17\n# EOF\nc 1\n",
                            "# TYPE a counter\na{x=\"1\"} one\n\nb 2 17\n# EOF\n",
                            "# TYPE a counter\na{x=\"1\"}", ""}) {
    INFO(other);
    CHECK_FALSE(reread(parsed.lines, before, other, values));
  }
}

TEST_CASE("a sample name resolves to its family and its role in it") {
  const std::string text =
      "# TYPE h histogram\n# TYPE s summary\n# TYPE c counter\n# TYPE g_total gauge\n"
      "# TYPE build info\n# TYPE gh gaugehistogram\n# TYPE j_total counter\n"
      "# TYPE h_created counter\n# TYPE c_created gauge\n# TYPE j_created unknown\n"
      "# TYPE orders_total counter\n# TYPE orders_created counter\n";
  const Exposition parsed = parse(text);
  Resolver resolver(parsed);
  const auto family = [&](std::string_view name) {
    const Resolved resolved = resolver.resolve(name);
    return resolver.families()[resolved.family];
  };
  CHECK(resolver.resolve("h_bucket").role == Role::Bucket);
  CHECK(resolver.resolve("h_sum").role == Role::Sum);
  CHECK(resolver.resolve("s_count").role == Role::Count);
  CHECK(family("h_bucket").name == "h");
  CHECK(resolver.resolve("s").role == Role::Quantile);
  CHECK(resolver.resolve("h").role == Role::Unsupported);
  CHECK(resolver.resolve("gh_bucket").role == Role::Unsupported);
  CHECK(resolver.resolve("gh_gcount").role == Role::Unsupported);
  CHECK(resolver.resolve("c_created").role == Role::Created);
  CHECK(resolver.resolve("j_created").role == Role::Created);
  CHECK(resolver.resolve("h_created").role == Role::Created);
  CHECK(resolver.resolve("s_created").role == Role::Created);
  CHECK(resolver.resolve("orders_created").role == Role::Scalar);
  CHECK(family("orders_created").type == holdfast::metrics::Type::Counter);
  CHECK(family("c_total").name == "c_total");  // OpenMetrics: TYPE c, sample c_total
  CHECK(family("c_total").type == holdfast::metrics::Type::Counter);
  CHECK(family("g_total").type == holdfast::metrics::Type::Gauge);
  CHECK(family("build_info").type == holdfast::metrics::Type::Gauge);
  CHECK(family("who_knows_count").type == holdfast::metrics::Type::Untyped);
}

TEST_CASE("lines without a number cost the same whether there is one of them or a million") {
  std::string text = "a 1\n";
  for (int i = 0; i < 1000; ++i)
    text += i % 2 == 0 ? "\n" : "# comment\n";
  text += "b 2\n";
  const Exposition parsed = parse(text);
  CHECK(parsed.line_count == 1002);
  CHECK(parsed.lines.size() == 3);
  std::vector<double> values;
  REQUIRE(reread(parsed.lines, text, text, values));
  CHECK(values == std::vector<double>{1, 2});
}

TEST_CASE("a locale with a decimal comma changes no number") {
  const std::locale before =
      std::locale::global(std::locale(std::locale::classic(), new DecimalComma));
  for (const char* installed : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"}) {
    if (std::setlocale(LC_NUMERIC, installed) != nullptr) break;  // what strtod would follow
  }
  std::string text;
  holdfast::metrics::append_number(text, 1234567.25);
  const auto read = parse_number("1234567.25");
  std::locale::global(before);
  std::setlocale(LC_NUMERIC, "C");
  CHECK(text == "1234567.25");
  CHECK(read == 1234567.25);
}
