// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/conflict_reports.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/telemetry/support.hpp"

using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;
using Values = std::map<std::string, double>;

TEST_CASE("two types of one name: the first stays while a live worker exposes it") {
  Ledger ledger;
  const std::string as_gauge = "# TYPE x gauge\nx 4\n";
  ledger.apply(source("a.0"), "# TYPE x counter\nx 3\n", at(0));
  ledger.apply(source("b.0"), as_gauge, at(0));
  CHECK(values(ledger) == Values{{"x", 3}});
  CHECK(ledger.statistics().conflicting_families.at("type") == 1);
  CHECK(dropped(ledger, Drop::Type) == 1);
  CHECK(ledger.conflicts() == std::vector<FamilyConflict>{{"x", Clash::Type, "b"}});

  ledger.retire(source("a.0"), at(1));
  CHECK(values(ledger) == Values{{"x", 3}});  // nobody has asked for the name yet
  ledger.apply(source("b.0"), as_gauge, at(2));
  CHECK(values(ledger) == Values{{"x", 4}});
  CHECK(ledger.statistics().conflicting_families.at("type") == 0);
  CHECK(expose(ledger).find("# TYPE x gauge") != std::string::npos);
}

TEST_CASE(
    "a program that changes a type while it runs is told to restart, not that another has it") {
  Ledger ledger;
  const std::string as_gauge = "# TYPE jobs_x gauge\njobs_x 4\n";
  ledger.apply(source("pa.0"), "# TYPE jobs_x counter\njobs_x 3\n", at(0));
  ledger.apply(source("pa.0"), as_gauge, at(1));
  CHECK(values(ledger) == Values{{"jobs_x", 3}});
  CHECK(ledger.statistics().conflicting_families.at("type") == 1);
  CHECK(dropped(ledger, Drop::Type) == 1);
  CHECK(
      ConflictReports().news(ledger.conflicts(), ledger.left_out()) ==
      std::vector<std::string>{"metrics: jobs_x of pa is not exposed, because it has another type "
                               "than when the program started; restart it"});
  ledger.retire(source("pa.0"), at(2));
  ledger.apply(source("pa.0", 2), as_gauge, at(3));
  CHECK(values(ledger) == Values{{"jobs_x", 4}});
  CHECK(ledger.conflicts().empty());
}

TEST_CASE("a name that a histogram's samples use cannot be another family") {
  Ledger ledger;
  ledger.apply(source("a.0"),
               "# TYPE foo histogram\nfoo_bucket{le=\"+Inf\"} 1\nfoo_sum 1\nfoo_count 1\n", at(0));
  ledger.apply(source("b.0"), "# TYPE foo_count counter\nfoo_count 7\n", at(0));
  CHECK(values(ledger) == Values{{"foo_bucket{le=\"+Inf\"}", 1}, {"foo_sum", 1}, {"foo_count", 1}});
  CHECK(ledger.statistics().conflicting_families.at("suffix") == 1);
  CHECK(dropped(ledger, Drop::Suffix) == 1);
}

TEST_CASE("a histogram whose sample name is taken is left out whole") {
  Ledger ledger;
  ledger.apply(source("b.0"), "# TYPE foo_count counter\nfoo_count 7\n", at(0));
  ledger.apply(source("a.0"),
               "# TYPE foo histogram\nfoo_bucket{le=\"+Inf\"} 1\nfoo_sum 1\nfoo_count 1\n", at(0));
  CHECK(values(ledger) == Values{{"foo_count", 7}});
  CHECK(dropped(ledger, Drop::Suffix) == 3);
}

TEST_CASE("of one worker's contradictory types the first counts") {
  Ledger ledger;
  ledger.apply(source("a.0"), "# TYPE x counter\nx 1\n# TYPE x gauge\nx{a=\"b\"} 2\n", at(0));
  CHECK(values(ledger) == Values{{"x", 1}, {"x{a=\"b\"}", 2}});
  CHECK(expose(ledger).find("# TYPE x counter") != std::string::npos);
}

TEST_CASE("the first help text that is not empty is shown, once") {
  Ledger ledger;
  ledger.apply(source("a.0"), "# TYPE x gauge\nx 1\n", at(0));
  ledger.apply(source("b.0"), "# HELP x Said by b.\n# TYPE x gauge\nx 1\n", at(0));
  ledger.apply(source("c.0"), "# HELP x Said by c.\n# TYPE x gauge\nx 1\n", at(0));
  CHECK(expose(ledger) == "# HELP x Said by b.\n# TYPE x gauge\nx 3\n# EOF\n");
}

TEST_CASE("of a repeated series the first counts, however it is written") {
  Ledger ledger;
  ledger.apply(source("a.0"),
               "# TYPE c_total counter\nc_total{a=\"1\",b=\"2\"} 5\nc_total{b=\"2\",a=\"1\"} 7\n"
               "c_total{a=\"1\",b=\"2\",none=\"\"} 9\n",
               at(0));
  CHECK(values(ledger) == Values{{"c_total{a=\"1\",b=\"2\"}", 5}});
  CHECK(dropped(ledger, Drop::Duplicate) == 2);
}

TEST_CASE("label order and escapes do not distinguish series") {
  Ledger ledger;
  ledger.apply(source("a.0"), "# TYPE c_total counter\nc_total{a=\"1\",b=\"x\\\\y\\\"\"} 1\n",
               at(0));
  ledger.apply(source("b.0"), "# TYPE c_total counter\nc_total{b=\"x\\\\y\\\"\",a=\"1\"} 2\n",
               at(0));
  CHECK(values(ledger) == Values{{"c_total{a=\"1\",b=\"x\\\\y\\\"\"}", 3}});
}

TEST_CASE("invalid labels drop only that series") {
  Ledger ledger;
  ledger.apply(source("a.0"),
               "# TYPE g gauge\ng{a=\"1\",a=\"2\"} 1\ng{__name__=\"x\"} 1\ng{a:b=\"1\"} 1\n"
               "g{utf=\"\xFF\"} 1\ng{ok=\"1\"} 1\n",
               at(0));
  CHECK(values(ledger) == Values{{"g{ok=\"1\"}", 1}});
  CHECK(dropped(ledger, Drop::InvalidLabel) == 4);
}

TEST_CASE("a worker cannot expose names of the supervisor") {
  Ledger ledger;
  ledger.apply(source("a.0"),
               "# TYPE holdfast_ready gauge\nholdfast_ready 1\n# TYPE process_open_fds gauge\n"
               "process_open_fds 3\nholdfast_invented 1\n",
               at(0));
  CHECK(values(ledger).empty());
  CHECK(dropped(ledger, Drop::Reserved) == 3);
}

TEST_CASE("a histogram with a sample name of the supervisor is left out whole") {
  Ledger ledger;
  ledger.apply(source("a.0"),
               "# TYPE holdfast histogram\nholdfast_bucket{le=\"+Inf\"} 1\nholdfast_sum 1\n"
               "holdfast_count 1\n",
               at(0));
  CHECK(values(ledger).empty());
  CHECK(dropped(ledger, Drop::Reserved) == 3);
}

TEST_CASE("a gauge named _created beside another worker's histogram is left out") {
  Ledger ledger;
  ledger.apply(source("a.0"), "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n", at(0));
  ledger.apply(source("b.0"), "# TYPE h_created gauge\nh_created 17\n", at(0));
  CHECK(values(ledger) == Values{{"h_bucket{le=\"+Inf\"}", 1}, {"h_count", 1}});
  CHECK(dropped(ledger, Drop::Suffix) == 1);
}

TEST_CASE("counters whose short names other workers use are of unknown type in OpenMetrics") {
  Ledger ledger;
  ledger.apply(source("a.0"),
               "# TYPE a_total counter\na_total 1\n# TYPE h_count_total counter\nh_count_total 2\n",
               at(0));
  ledger.apply(source("b.0"),
               "# TYPE a_created gauge\na_created 3\n"
               "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n",
               at(0));
  const std::string text = expose(ledger, holdfast::metrics::Format::OpenMetrics100);
  INFO(text);
  CHECK(check_exposition(text, true) == std::nullopt);
  CHECK(text.find("# TYPE a_total unknown\na_total 1\n") != std::string::npos);
  CHECK(text.find("# TYPE h_count_total unknown\nh_count_total 2\n") != std::string::npos);
}

TEST_CASE("each conflict is reported once, with the family's name") {
  Ledger ledger;
  ledger.apply(source("a.0"), "# TYPE x counter\nx 3\n", at(0));
  ledger.apply(source("b.0"), "# TYPE x gauge\nx 4\n", at(0));
  ConflictReports reports;
  const auto first = reports.news(ledger.conflicts(), ledger.left_out());
  REQUIRE(first.size() == 1);
  CHECK(first[0].find("x of b is not exposed, because another program") != std::string::npos);
  CHECK(reports.news(ledger.conflicts(), ledger.left_out()).empty());
  ledger.apply(source("c.0"), "# TYPE x_total gauge\nx_total 1\n# TYPE x summary\nx_count 1\n",
               at(1));
  // x was reported already, but not of this program.
  CHECK(reports.news(ledger.conflicts(), ledger.left_out()).size() == 1);
  CHECK(reports.news(ledger.conflicts(), ledger.left_out()).empty());
}

TEST_CASE("timestamps and exemplars are stripped") {
  Ledger ledger;
  ledger.apply(source("a.0"),
               "# TYPE c_total counter\nc_total 5 1700000000000\n"
               "c_total{x=\"1\"} 6 # {trace_id=\"abc\"} 0.5 1700000000\n",
               at(0));
  CHECK(expose(ledger).find("c_total 5\nc_total{x=\"1\"} 6\n") != std::string::npos);
}

TEST_CASE("malformed lines are skipped, and if there is little else the answer is refused") {
  std::string text = "# TYPE c_total counter\n";
  for (int i = 0; i < 400; ++i)
    text += "c_total{i=\"" + std::to_string(i) + "\"} 1\n";
  Ledger ledger;
  CHECK(ledger.apply(source("a.0"), text + "what is this\n", at(0)) == Applied::Accepted);
  CHECK(values(ledger).size() == 400);
  CHECK(ledger.statistics().programs.at("a").parse_errors.at("malformed_line") == 1);
  std::string half;
  for (int i = 0; i < 401; ++i)
    half += "bad\n";
  CHECK(ledger.apply(source("a.0"), text + half, at(1)) == Applied::Malformed);
  CHECK(ledger.statistics().programs.at("a").parse_errors.at("malformed") == 1);
  CHECK(ledger.last_good(source("a.0")) == at(0));
}

TEST_CASE("what cannot be exposed costs those series only, and is named with its program, once") {
  Ledger ledger;
  ConflictReports reports;
  const std::string text =
      "# TYPE \"of.dots\" counter\n{\"of.dots\",a=\"b\"} 7\n{\"of.dots\"} 8\n"
      "{\"plain_total\"} 3\n"
      "# TYPE bad_seconds histogram\nbad_seconds_bucket{le=\"1\"} 5\n"
      "bad_seconds_bucket{le=\"2\"} 4\nbad_seconds_bucket{le=\"+Inf\"} 6\n"
      "bad_seconds_sum 1\nbad_seconds_count 6\n"
      "# TYPE good_total counter\ngood_total{\"quoted\"=\"x\"} 2\n"
      "good_total{\"with space\"=\"x\"} 2\n";
  REQUIRE(ledger.apply(source("shop.0"), text, at(0)) == Applied::Accepted);
  CHECK(values(ledger) ==
        Values{{"good_total{quoted=\"x\"}", 2}, {"plain_total{worker=\"shop.0\"}", 3}});
  CHECK(dropped(ledger, Drop::Unsupported) == 2);
  CHECK(dropped(ledger, Drop::InvalidValue) == 1);
  CHECK(dropped(ledger, Drop::InvalidLabel) == 1);
  const auto news = reports.news(ledger.conflicts(), ledger.left_out());
  REQUIRE(news.size() == 3);
  for (const std::string& message : news)
    CHECK(message.find("samples of shop ") != std::string::npos);
  CHECK(news[1].find("bad_seconds") != std::string::npos);
  CHECK(news[2].find("of.dots") != std::string::npos);
  ledger.apply(source("shop.0"), text, at(1));
  CHECK(reports.news(ledger.conflicts(), ledger.left_out()).empty());
}

TEST_CASE("what clients write in rarer ways is read as Prometheus reads it") {
  struct Row {
    std::string text;
    Values exposed;
    Drop reason = Drop::Unsupported;
    std::uint64_t dropped = 0;
  };
  std::string many;
  for (int i = 0; i < 65; ++i)
    many += "l" + std::to_string(i) + "=\"1\",";
  const std::string type = "# TYPE c_total counter\n";
  const std::vector<Row> table{
      // Exemplars and timestamps.
      {type + "c_total{a=\"# {b}\"} 5 # {id=\"a } # \\\"b\"} 0.5 1.7e9\n",
       {{"c_total{a=\"# {b}\"}", 5}}},
      {type + "c_total 5 -1\nc_total{a=\"1\"} 6 1700000000.123\nc_total{a=\"2\"} 7\t17\n",
       {{"c_total", 5}, {"c_total{a=\"1\"}", 6}, {"c_total{a=\"2\"}", 7}}},
      // Names in quotes.
      {"# TYPE \"c_total\" counter\n{\"c_total\",\"a\"=\"b\"} 3\n", {{"c_total{a=\"b\"}", 3}}},
      {type + "c_total{a=\"1\"} 1\n{\"c_total\",a=\"1\"} 2\n",
       {{"c_total{a=\"1\"}", 1}},
       Drop::Duplicate,
       1},
      {type + "c_total 1\n{\"c \\\"_total\"} 2\n{\"\xC3\xA9_total\"} 2\n",
       {{"c_total", 1}},
       Drop::Unsupported,
       2},
      {type + "c_total 1\nc_total{a=\"1\",\"a\"=\"2\"} 2\nc_total{\"\xC3\xA9\"=\"1\"} 2\n",
       {{"c_total", 1}},
       Drop::InvalidLabel,
       2},
      // Types that come twice, late, or in another place.
      {"c_total 5\n" + type + "# TYPE c_total gauge\n", {{"c_total", 5}}},
      {"# TYPE c counter\nc_total 5\nc_created 1.7e9\n# EOF\n", {{"c_total", 5}}, Drop::Created, 1},
      {"# TYPE c_total counter\nc_total 5\n# TYPE c_created counter\nc_created 7\n",
       {{"c_total", 5}, {"c_created", 7}},
       Drop::Created,
       0},
      {"# TYPE h histogram\nh_bucket{le=\"Inf\"} 2\nh_sum 1\nh_count 2\n# TYPE h_created gauge\n"
       "h_created 1.7e9\n",
       {{"h_bucket{le=\"+Inf\"}", 2}, {"h_sum", 1}, {"h_count", 2}},
       Drop::Created,
       1},
      {"# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 2\ns_created 1.7e9\n",
       {{"s_sum", 1}, {"s_count", 2}},
       Drop::Created,
       1},
      {"# TYPE app info\napp_info{v=\"1\"} 1\n# TYPE g gauge\n# UNIT g bytes\ng 2\n# EOF\n",
       {{"app_info{v=\"1\"}", 1}, {"g", 2}}},
      {"# TYPE gh gaugehistogram\ngh_bucket{le=\"+Inf\"} 2\ngh_gcount 2\ngh_gsum 1\n# EOF\n",
       {},
       Drop::Unsupported,
       3},
      // Values and labels at the edge.
      {type + "c_total -0\n", {{"c_total", 0}}},
      {type + "c_total{ a = \"1\" , } 5\n", {{"c_total{a=\"1\"}", 5}}},
      {type + "c_total 1\nc_total{" + many + "} 2\n", {{"c_total", 1}}, Drop::InvalidLabel, 1},
  };
  for (const Row& row : table) {
    Ledger ledger;
    CAPTURE(row.text);
    CHECK(ledger.apply(source("a.0"), row.text, at(0)) == Applied::Accepted);
    CHECK(values(ledger) == row.exposed);
    CHECK(dropped(ledger, row.reason) == row.dropped);
    const std::string open = expose(ledger, holdfast::metrics::Format::OpenMetrics100);
    CHECK(check_exposition(open, true) == std::nullopt);
    CHECK(ledger.statistics().programs.at("a").parse_errors.empty());
  }
}

TEST_CASE("an exporter that has nothing to say is there") {
  Ledger ledger;
  CHECK(ledger.apply(source("a.0"), "\n", at(0)) == Applied::Accepted);
  CHECK(values(ledger).empty());
  CHECK(ledger.last_good(source("a.0")) == at(0));
}

TEST_CASE("counts with fractions are counts") {
  Ledger ledger;
  const std::string text =
      "# TYPE h histogram\nh_bucket{le=\"1\"} 0.5\nh_bucket{le=\"+Inf\"} 2.25\nh_sum 1\n"
      "h_count 2.25\n";
  ledger.apply(source("a.0"), text, at(0));
  ledger.apply(source("a.1"), text, at(0));
  CHECK(values(ledger) == Values{{"h_bucket{le=\"1\"}", 1},
                                 {"h_bucket{le=\"+Inf\"}", 4.5},
                                 {"h_sum", 2},
                                 {"h_count", 4.5}});
}

TEST_CASE("an error page is not an exposition") {
  Ledger ledger;
  ledger.apply(source("a.0"), "# TYPE g gauge\ng 1\n", at(0));
  CHECK(ledger.apply(source("a.0"), "<html>\n<body>502 Bad Gateway</body>\n</html>\n", at(1)) ==
        Applied::Malformed);
  CHECK(ledger.apply(source("a.0"), "", at(1)) == Applied::Truncated);
  CHECK(values(ledger) == Values{{"g", 1}});
}

TEST_CASE("the supervisor's own families are sorted among the workers' by name") {
  Ledger ledger;
  ledger.apply(source("a.0"),
               "# TYPE zeta gauge\nzeta 1\n# TYPE alpha gauge\nalpha 1\n# TYPE mid gauge\nmid 9\n",
               at(0));
  holdfast::metrics::Family mid{"mid", "Mine.", holdfast::metrics::Type::Gauge, {}};
  mid.add(2);
  holdfast::metrics::Family last{"zz_total", "Last.", holdfast::metrics::Type::Counter, {}};
  last.add(3);
  const std::string text = expose(ledger, holdfast::metrics::Format::Text004, at(0), {last, mid});
  CHECK(values(text) == Values{{"alpha", 1}, {"mid", 2}, {"zeta", 1}, {"zz_total", 3}});
  CHECK(text.find("# HELP alpha") < text.find("# HELP mid Mine."));
  CHECK(text.find("# HELP mid Mine.") < text.find("# HELP zeta"));
  const std::string om =
      expose(ledger, holdfast::metrics::Format::OpenMetrics100, at(0), {last, mid});
  CHECK(om.find("# TYPE zz counter\nzz_total 3\n") != std::string::npos);
}
