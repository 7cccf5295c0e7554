// SPDX-License-Identifier: Apache-2.0
// Whatever workers send, the output is valid: according to promtool, to our own parser, and to a
// checker that shares no code with either.
#include "common/metrics/catalogue.hpp"
#include "supervisor/collector/collection_metrics.hpp"
#include "supervisor/collector/process_families.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/promtool.hpp"
#include "tests/unit/telemetry/support.hpp"

#include <random>

using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;
using holdfast::metrics::Format;
namespace collector = holdfast::supervisor::collector;

namespace {

const char* const kHonest =
    "# HELP http_requests_total Requests answered.\n# TYPE http_requests_total counter\n"
    "http_requests_total{method=\"GET\",route=\"/\",status=\"200\"} 10\n"
    "# HELP http_request_duration_seconds Time.\n# TYPE http_request_duration_seconds histogram\n"
    "http_request_duration_seconds_bucket{method=\"GET\",le=\"0.1\"} 3\n"
    "http_request_duration_seconds_bucket{method=\"GET\",le=\"1\"} 5\n"
    "http_request_duration_seconds_bucket{method=\"GET\",le=\"+Inf\"} 6\n"
    "http_request_duration_seconds_sum{method=\"GET\"} 4.5\n"
    "http_request_duration_seconds_count{method=\"GET\"} 6\n"
    "# HELP queue_size Jobs.\n# TYPE queue_size gauge\nqueue_size{queue=\"a\",state=\"ready\"} 3\n"
    "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 2\ns_count 3\nuntyped_one{worker=\"w\"} 7\n# "
    "EOF\n";

const char* const kNasty =
    "# HELP nasty_total A \\\\ backslash, a \\n line feed, a \"quote\", an \\x escape, \xFF.\n"
    "# TYPE nasty_total counter\n"
    "nasty_total{path=\"C:\\\\dir\\\"\\n\",empty=\"\",u=\"\xE2\x86\x92\"} 1\n"
    "nasty_total{t=\"a\\tb\"} 2 1700000000000\n"
    "nasty_total{dup=\"1\",dup=\"2\"} 3\nnasty_total{__name__=\"other\"} 4\nnasty_total NaN\n"
    "# TYPE nasty_ratio gauge\nnasty_ratio Nan\nnasty_ratio{x=\"inf\"} -Inf\n"
    "# TYPE nasty_seconds histogram\nnasty_seconds_bucket{le=\"2\"} "
    "1\nnasty_seconds_bucket{le=\"1\"} 1\n"
    "nasty_seconds_bucket{le=\"+Inf\"} 2\nnasty_seconds_sum NaN\nnasty_seconds_count 2\n"
    "# TYPE http_requests_total gauge\nhttp_requests_total 5\n"
    "# TYPE queue_size_total counter\nqueue_size_total 5\n"
    "# TYPE s_count gauge\ns_count 3\n"
    "holdfast_ready 1\n";

std::vector<holdfast::metrics::Family> own_families(const Ledger& ledger) {
  auto families = collector::ledger_families(ledger.statistics());
  collector::ProcessStats stats;
  stats.cpu_seconds = 1.25;
  stats.open_fds = 7;
  for (auto& family : collector::process_families({{"api.0", stats}, {"nasty \"\\\n.0", stats}})) {
    families.push_back(std::move(family));
  }
  return families;
}

void check_all(Ledger& ledger) {
  for (const Format format : {Format::Text004, Format::OpenMetrics100}) {
    const std::string text = expose(ledger, format, at(0), own_families(ledger));
    const auto finding = check_exposition(text, format == Format::OpenMetrics100);
    INFO(finding.value_or("") << "\n" << text);
    REQUIRE_FALSE(finding.has_value());
    const Exposition parsed = parse(text);
    REQUIRE(parsed.bad_lines == 0);
  }
}

}  // namespace

TEST_CASE("promtool accepts the output for the worst that workers can send") {
  Ledger ledger;
  ledger.apply(source("api.0"), kHonest, at(0));
  ledger.apply(source("api.1"), kNasty, at(0));
  ledger.apply(source("nasty \"\\\n.0"), kNasty, at(0));
  check_all(ledger);
  const std::string text = expose(ledger, Format::Text004, at(0), own_families(ledger));
  const auto verdict = holdfast::test::promtool_check(text);
  INFO(verdict.output << "\n" << text);
  CHECK(verdict.ended.shell_status() == 0);
}

TEST_CASE("promtool has no complaint about any name in the catalogue") {
  std::vector<holdfast::metrics::Family> families;
  for (const auto table :
       {holdfast::metrics::worker_catalogue(), holdfast::metrics::supervisor_catalogue()}) {
    for (const auto& entry : table) {
      auto family = holdfast::metrics::declared_family(entry.name);
      holdfast::metrics::FamilySample sample;
      for (const auto label : entry.labels())
        sample.labels.push_back({std::string(label), "x"});
      if (entry.type == holdfast::metrics::Type::Histogram) {
        holdfast::metrics::HistogramValue value;
        for (const double bound : entry.buckets)
          value.buckets.push_back({bound, 1});
        value.count = 1;
        sample.value = value;
      } else {
        sample.value = 1.0;
      }
      family.samples.push_back(std::move(sample));
      families.push_back(std::move(family));
    }
  }
  Ledger ledger;
  const std::string text = expose(ledger, Format::Text004, at(0), families);
  REQUIRE(check_exposition(text) == std::nullopt);
  const auto verdict = holdfast::test::promtool_check(text);
  INFO(verdict.output);
  CHECK(verdict.ended.shell_status() == 0);
}

TEST_CASE("a ledger can read what a ledger exposes") {
  Ledger first;
  first.apply(source("api.0"), kHonest, at(0));
  for (const Format format : {Format::Text004, Format::OpenMetrics100}) {
    Ledger second;
    CHECK(second.apply(source("up.0"), expose(first, format), at(0)) == Applied::Accepted);
    auto again = values(second);
    auto once = values(first);
    once.erase("untyped_one{exported_worker=\"w\",worker=\"api.0\"}");  // told apart once more
    again.erase(
        "untyped_one{exported_exported_worker=\"w\",exported_worker=\"api.0\",worker=\"up.0\"}");
    again.erase("untyped_one{exported_worker=\"api.0\",worker=\"up.0\"}");
    CHECK(again.size() >= once.size());
    for (const auto& [name, value] : once) {
      INFO(name);
      CHECK(again.at(name) == value);
    }
  }
}

TEST_CASE("mutated and random answers never crash and never make the output invalid") {
  const std::string pool = "{}\"\\\n#=, \t+-.0123456789aeNIf_:\xFF\xC3\x28";
  for (unsigned seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    Ledger ledger;
    ledger.apply(source("api.0"), kHonest, at(0));
    for (int round = 0; round < 25; ++round) {
      std::string text = random() % 2 == 0 ? kHonest : kNasty;
      const unsigned mutations = 1 + random() % 12;
      for (unsigned m = 0; m < mutations; ++m) {
        const std::size_t where = random() % text.size();
        const std::size_t length = std::min<std::size_t>(random() % 20, text.size() - where);
        switch (random() % 5) {
          case 0: text[where] = pool[random() % pool.size()]; break;
          case 1: text.insert(where, 1, pool[random() % pool.size()]); break;
          case 2: text.erase(where, length); break;
          case 3: text.insert(where, text.substr(random() % text.size(), length)); break;
          default: text[where] = static_cast<char>(random() % 256);
        }
        if (text.empty()) text = "\n";
      }
      if (random() % 8 == 0) {
        text.assign(1 + random() % 300, '\0');
        for (char& c : text)
          c = pool[random() % pool.size()];
      }
      if (random() % 4 != 0) text += "\n";
      const auto incarnation = 1 + random() % 3;
      ledger.apply(source("api." + std::to_string(random() % 3), incarnation), text, at(round));
      if (random() % 6 == 0) {
        ledger.retire(source("api." + std::to_string(random() % 3), incarnation), at(round));
      }
      if (random() % 6 == 0) ledger.expire(at(round + 90000.0 * (random() % 2)));
      check_all(ledger);
    }
  }
}

TEST_CASE("a sample of the mutated output satisfies promtool's parser") {
  std::mt19937 random(7);
  for (int round = 0; round < 10; ++round) {
    Ledger ledger;
    for (int worker = 0; worker < 8; ++worker) {
      std::string text = std::string(kNasty) + kHonest;
      for (int m = 0; m < 3; ++m)
        text[random() % text.size()] = static_cast<char>(random() % 256);
      ledger.apply(source("api." + std::to_string(worker)), text, at(0));
    }
    const std::string text = expose(ledger);
    const auto verdict = holdfast::test::promtool_check(text);
    INFO(verdict.output << "\n" << text);
    const int code = verdict.ended.shell_status();
    CHECK((code == 0 || code == 3));  // 3: valid, but against the naming conventions
  }
}
