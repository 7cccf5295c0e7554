// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/exposition.hpp"

#include "common/metrics/instruments.hpp"
#include "common/metrics/registry.hpp"
#include "tests/support/catch.hpp"

#include <cmath>

using namespace holdfast::metrics;

namespace {

std::string write(std::vector<Family> families, Format format = Format::Text004) {
  std::string out;
  write_text(std::move(families), format, out);
  return out;
}

}  // namespace

TEST_CASE("families are sorted by name and samples by labels") {
  Family b{"b_total", "B.", Type::Counter, {}};
  b.add({{"z", "1"}, {"a", "2"}}, 3).add({{"a", "1"}}, 1);
  Family a{"a", "A.", Type::Gauge, {}};
  a.add(2.5);
  CHECK(write({b, a}) ==
        "# HELP a A.\n# TYPE a gauge\na 2.5\n"
        "# HELP b_total B.\n# TYPE b_total counter\n"
        "b_total{a=\"1\"} 1\nb_total{a=\"2\",z=\"1\"} 3\n"
        "# EOF\n");
}

TEST_CASE("OpenMetrics names a counter without _total, and downgrades what cannot be one") {
  Family proper{"jobs_total", "J.", Type::Counter, {}};
  proper.add(1);
  Family bare{"jobs_done", "D.", Type::Counter, {}};
  bare.add(2);
  Family clashing{"size_total", "S.", Type::Counter, {}};
  clashing.add(3);
  Family gauge{"size", "G.", Type::Gauge, {}};
  gauge.add(4);
  CHECK(write({proper, bare, clashing, gauge}, Format::OpenMetrics100) ==
        "# HELP jobs_done D.\n# TYPE jobs_done unknown\njobs_done 2\n"
        "# HELP jobs J.\n# TYPE jobs counter\njobs_total 1\n"
        "# HELP size G.\n# TYPE size gauge\nsize 4\n"
        "# HELP size_total S.\n# TYPE size_total unknown\nsize_total 3\n"
        "# EOF\n");
}

TEST_CASE("a histogram ends with +Inf, the sum and the count") {
  Family family{"h", "H.", Type::Histogram, {}};
  family.samples.push_back({{{"q", "a"}}, HistogramValue{{{0.5, 1}, {1, 3}}, 4, 7.25}});
  const std::string expected =
      "# HELP h H.\n# TYPE h histogram\n"
      "h_bucket{q=\"a\",le=\"0.5\"} 1\nh_bucket{q=\"a\",le=\"1\"} 3\n"
      "h_bucket{q=\"a\",le=\"+Inf\"} 4\nh_sum{q=\"a\"} 7.25\nh_count{q=\"a\"} 4\n# EOF\n";
  CHECK(write({family}) == expected);
}

TEST_CASE("a summary lists its quantiles in order") {
  Family family{"s", "S.", Type::Summary, {}};
  family.samples.push_back({{}, SummaryValue{{{0.9, 2}, {0.5, 1}}, 10, 12}});
  CHECK(write({family}) ==
        "# HELP s S.\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns{quantile=\"0.9\"} 2\n"
        "s_sum 12\ns_count 10\n# EOF\n");
}

TEST_CASE("what no parser would take is left out") {
  SECTION("a bad metric name") {
    CHECK(write({Family{"bad-name", "", Type::Gauge, {}}.add(1)}) == "# EOF\n");
  }
  SECTION("bad, reserved and repeated label names") {
    Family family{"g", "G.", Type::Gauge, {}};
    family.add({{"a-b", "1"}}, 1).add({{"__name__", "x"}}, 2);
    family.add({{"a", "1"}, {"a", "2"}}, 3).add({{"ok", "1"}}, 4);
    CHECK(write({family}) == "# HELP g G.\n# TYPE g gauge\ng{ok=\"1\"} 4\n# EOF\n");
  }
  SECTION("the same labels twice: the first stays; an empty value is no label") {
    Family family{"g", "G.", Type::Gauge, {}};
    family.add({{"a", "1"}}, 1).add({{"a", "1"}, {"b", ""}}, 2);
    CHECK(write({family}) == "# HELP g G.\n# TYPE g gauge\ng{a=\"1\"} 1\n# EOF\n");
  }
  SECTION("le on a histogram, falling buckets, unsorted bounds, a bucket above the count") {
    Family family{"h", "H.", Type::Histogram, {}};
    family.samples.push_back({{{"le", "user"}}, HistogramValue{{{1, 1}}, 1, 1}});
    family.samples.push_back({{{"x", "falling"}}, HistogramValue{{{1, 2}, {2, 1}}, 2, 1}});
    family.samples.push_back({{{"x", "unsorted"}}, HistogramValue{{{2, 1}, {1, 1}}, 2, 1}});
    family.samples.push_back({{{"x", "above"}}, HistogramValue{{{1, 3}}, 2, 1}});
    family.samples.push_back({{{"x", "plain number"}}, 1.0});
    CHECK(write({family}) == "# HELP h H.\n# TYPE h histogram\n# EOF\n");
  }
  SECTION("one name with two types, and a name that a histogram's samples use") {
    Family histogram{"h", "H.", Type::Histogram, {}};
    Family again{"h", "Other.", Type::Gauge, {}};
    again.add(1);
    Family count{"h_count", "C.", Type::Counter, {}};
    count.add(1);
    CHECK(write({histogram, again, count}) == "# HELP h H.\n# TYPE h histogram\n# EOF\n");
  }
}

TEST_CASE("a registry is written with help escaped, NaN spelled right and digits kept") {
  prometheus::Registry registry;
  auto& family = prometheus::BuildGauge().Name("g").Help("two\nlines").Register(registry);
  family.Add({{"v", "nan"}}).Set(std::nan(""));
  family.Add({{"v", "digits"}}).Set(0.1 + 0.2);
  std::string out;
  write_text(registry, out);
  CHECK(out ==
        "# HELP g two\\nlines\n# TYPE g gauge\ng{v=\"digits\"} 0.30000000000000004\n"
        "g{v=\"nan\"} NaN\n# EOF\n");
}

TEST_CASE("two parts of one family, from two places, are joined under one header") {
  Family one{"c_total", "C.", Type::Counter, {}};
  one.add({{"k", "2"}}, 1);
  Family other{"c_total", "Other help.", Type::Counter, {}};
  other.add({{"k", "1"}}, 3);
  CHECK(write({one, other}) ==
        "# HELP c_total C.\n# TYPE c_total counter\nc_total{k=\"1\"} 3\nc_total{k=\"2\"} 1\n"
        "# EOF\n");
}

TEST_CASE("histograms and summaries of a registry are written whole") {
  prometheus::Registry registry;
  auto& histogram = prometheus::BuildHistogram().Name("h").Help("H.").Register(registry).Add(
      {}, prometheus::Histogram::BucketBoundaries{0.1, 1});
  histogram.Observe(0.05);
  histogram.Observe(5);
  prometheus::BuildHistogram().Name("bad").Help("le").Register(registry).Add(
      {{"le", "user"}}, prometheus::Histogram::BucketBoundaries{1});
  std::string out;
  write_text(registry, out);
  CHECK(out ==
        "# HELP bad le\n# TYPE bad histogram\n"
        "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"1\"} 1\n"
        "h_bucket{le=\"+Inf\"} 2\nh_sum 5.05\nh_count 2\n# EOF\n");
}

TEST_CASE("OpenMetrics takes a sum for a counter: there is none where it may be negative") {
  Family family{"h", "H.", Type::Histogram, {}};
  family.samples.push_back({{{"x", "bound"}}, HistogramValue{{{-1, 0}}, 1, 5}});
  family.samples.push_back({{{"x", "nan"}}, HistogramValue{{}, 1, std::nan("")}});
  family.samples.push_back({{{"x", "ok"}}, HistogramValue{{}, 1, 5}});
  family.samples.push_back({{{"x", "sum"}}, HistogramValue{{}, 1, -5}});
  Family summary{"s", "S.", Type::Summary, {}};
  summary.samples.push_back({{}, SummaryValue{{{0.5, -3}, {0.9, 3}}, 1, -5}});
  const std::string open = write({family, summary}, Format::OpenMetrics100);
  CHECK(open.find("h_sum{x=\"ok\"} 5\n") != std::string::npos);
  for (const char* none : {"h_sum{x=\"bound\"}", "h_sum{x=\"nan\"}", "h_sum{x=\"sum\"}", "s_sum"})
    CHECK(open.find(none) == std::string::npos);
  // A histogram's count comes and goes with its sum; the last bucket says the same.
  CHECK(open.find("h_count{x=\"sum\"}") == std::string::npos);
  CHECK(open.find("h_bucket{x=\"sum\",le=\"+Inf\"} 1\n") != std::string::npos);
  CHECK(open.find("s{quantile=\"0.5\"}") == std::string::npos);
  CHECK(open.find("s{quantile=\"0.9\"} 3\ns_count 1\n") != std::string::npos);
  CHECK(write({family, summary}).find("h_sum{x=\"sum\"} -5\n") != std::string::npos);
}

TEST_CASE(
    "OpenMetrics keeps _created for counters: families that could clash by it are told apart") {
  const auto family = [](const char* name, Type type) {
    return Family{name, "?", type, {}}.add(1);
  };
  const auto has = [](const std::string& text, const char* line) {
    return text.find(line) != std::string::npos;
  };
  const std::string gauge = write(
      {family("a_created", Type::Gauge), family("a_total", Type::Counter)}, Format::OpenMetrics100);
  CHECK(has(gauge, "# TYPE a_created gauge\n"));
  CHECK(has(gauge, "# TYPE a_total unknown\na_total 1\n"));
  const std::string counters =
      write({family("a_created_total", Type::Counter), family("a_total", Type::Counter)},
            Format::OpenMetrics100);
  CHECK(has(counters, "# TYPE a_created_total unknown\n"));
  CHECK(has(counters, "# TYPE a counter\n"));
  // The short name may be a histogram's sample, too.
  const std::string count =
      write({Family{"h", "H.", Type::Histogram, {}}, family("h_count_total", Type::Counter)},
            Format::OpenMetrics100);
  CHECK(has(count, "# TYPE h_count_total unknown\n"));
  CHECK(write({Family{"h", "H.", Type::Histogram, {}}, family("h_created", Type::Gauge)}) ==
        "# HELP h H.\n# TYPE h histogram\n# EOF\n");
}

TEST_CASE("a counter that is negative or NaN, and a quantile twice or of no share, are left out") {
  Family counter{"c_total", "C.", Type::Counter, {}};
  counter.add({{"x", "1"}}, -1).add({{"x", "2"}}, std::nan("")).add({{"x", "3"}}, 3);
  CHECK(write({counter}) ==
        "# HELP c_total C.\n# TYPE c_total counter\nc_total{x=\"3\"} 3\n# EOF\n");
  Family summary{"s", "S.", Type::Summary, {}};
  summary.samples.push_back(
      {{}, SummaryValue{{{0.5, 1}, {0.5, 2}, {std::nan(""), 3}, {-0.1, 4}, {1.5, 5}}, 1, 1}});
  CHECK(write({summary}) ==
        "# HELP s S.\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n# EOF\n");
}
