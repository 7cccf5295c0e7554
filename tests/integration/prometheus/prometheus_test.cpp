// SPDX-License-Identifier: Apache-2.0
// A real Prometheus scrapes a running stack whose workers are killed.
#include "common/os/file.hpp"
#include "common/text/percent.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/free_port.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <regex>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

class Prometheus {
 public:
  explicit Prometheus(const std::string& target) : url_("http://127.0.0.1:" + free_port()) {
    std::ofstream(dir_ / "prometheus.yml")
        << "global: { scrape_interval: 250ms, evaluation_interval: 1s }\n"
        << "rule_files: ['" HOLDFAST_SOURCE_DIR "/docker/prometheus/*_rules.yml']\n"
        << "scrape_configs: [{ job_name: holdfast, static_configs: [{ targets: ['" << target
        << "'] }] }]\n";
    process_ = std::make_unique<Process>(
        std::vector<std::string>{
            "/usr/bin/prometheus", "--config.file=" + (dir_ / "prometheus.yml").string(),
            "--storage.tsdb.path=" + (dir_ / "data").string(),
            "--web.listen-address=" + url_.substr(std::string("http://").size())},
        std::map<std::string, std::string>{}, dir_ / "output");
  }

  // The result of an instant query, or of a query that Prometheus refuses: its error.
  json query(const std::string& promql) const {
    std::string url = url_ + "/api/v1/query?query=";
    text::append_percent_encoded(url, promql);
    const auto answer = http::fetch("GET", url, {}, "", {});
    json parsed = answer ? json::parse(answer->body, nullptr, false) : json();
    return parsed.is_object() ? parsed : json{{"status", "unreachable"}};  // it still starts
  }
  // The one value of a query with one result; -1 if there is none.
  double value(const std::string& promql) const {
    const json answer = query(promql);
    if (answer.value("status", "") != "success") return -1;
    const json& result = answer["data"]["result"];
    return result.size() == 1 ? std::stod(result[0]["value"][1].get<std::string>()) : -1;
  }
  std::string output() const { return process_->output(); }

 private:
  TempDir dir_;
  std::string url_;
  std::unique_ptr<Process> process_;
};

}  // namespace

TEST_CASE("while workers are killed, Prometheus sees no counter decrease and no impossible rate") {
  Stack stack(default_stack());
  stack.wait_ready();
  Prometheus prometheus(stack.address_of("status"));
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::thread client([&] {
    while (!stop) {
      const auto answer = http::fetch("GET", stack.api() + "/api/documents?limit=1", {}, "", {});
      if (answer && answer->status == 200) ++answered;
    }
  });
  const auto ids = [&] {
    std::vector<std::string> result;
    for (const Text& text : licence_texts())
      result.push_back(post_document(stack, text));
    return result;
  }();
  const auto scraped = [&](int scrapes) {
    const double before = prometheus.value("count_over_time(holdfast_ready[1h])");
    return wait_until(
        [&] { return prometheus.value("count_over_time(holdfast_ready[1h])") >= before + scrapes; },
        std::chrono::seconds(60));
  };
  INFO(prometheus.output());
  REQUIRE(wait_until([&] { return prometheus.value("holdfast_ready") == 1; }));
  for (int round = 0; round < 6; ++round) {
    REQUIRE(scraped(4));
    const std::string victim =
        round % 3 == 2 ? "queue-worker.0" : "api-worker." + std::to_string(round % 3);
    stack.signal(victim, SIGKILL);
    REQUIRE(wait_until([&] { return stack.state_of(victim) == "ready"; }));
  }
  REQUIRE(wait_ready(stack, ids));
  REQUIRE(scraped(8));
  stop = true;
  client.join();

  // resets() counts every time that a series went down. (A process's own CPU time begins anew.)
  const json names = prometheus.query(
      "count by (__name__) ({__name__=~\".+_total|.+_bucket|.+_count|.+_sum\",job=\"holdfast\"})");
  REQUIRE(names["data"]["result"].size() > 30);
  for (const json& entry : names["data"]["result"]) {
    const std::string name = entry["metric"]["__name__"];
    if (name.starts_with("process_")) continue;
    const json fallen = prometheus.query("resets(" + name + "[1h]) > 0");
    INFO(fallen.dump(1));
    REQUIRE(fallen["status"] == "success");
    CHECK(fallen["data"]["result"].empty());
  }
  CHECK(prometheus.value("sum(holdfast_worker_restarts_total{reason=\"crash\"})") == 6);
  // A total that fell and rose again would be read as that many requests at once.
  const double most = prometheus.value(
      "max_over_time(sum(rate(http_requests_total{route=\"/api/documents\"}[2s]))[5m:250ms])");
  const double total = prometheus.value(
      "sum(increase(http_requests_total{route=\"/api/documents\",method=\"GET\"}[1h]))");
  INFO("answered " << answered.load() << ", most per second " << most << ", increase " << total);
  CHECK(most > 0);
  CHECK(most < answered);
  // What a kill takes with it is at most what was counted since the last collection.
  CHECK(total <= answered * 1.25 + 50);
}

TEST_CASE("every expression of the dashboard runs against a live stack") {
  Stack stack(default_stack());
  stack.wait_ready();
  const auto ids = std::vector<std::string>{post_document(stack, licence_texts().front())};
  REQUIRE(wait_ready(stack, ids));
  Prometheus prometheus(stack.address_of("status"));
  REQUIRE(wait_until([&] { return prometheus.value("count_over_time(holdfast_ready[1h])") >= 4; }));
  const auto text = read_file(HOLDFAST_SOURCE_DIR "/docker/grafana/dashboards/holdfast.json");
  REQUIRE(text);
  std::size_t expressions = 0;
  std::size_t with_data = 0;
  const json dashboard = json::parse(*text);
  for (const json& panel : dashboard["panels"]) {
    for (const json& target : panel.value("targets", json::array())) {
      std::string promql = target["expr"];
      promql = std::regex_replace(promql, std::regex("\\$__rate_interval"), "1m");
      promql = std::regex_replace(promql, std::regex("\\$job"), "holdfast");
      const json answer = prometheus.query(promql);
      INFO(panel["title"] << ": " << promql << "\n" << answer.dump());
      CHECK(answer["status"] == "success");
      ++expressions;
      if (!answer["data"]["result"].empty()) {
        ++with_data;
      } else {
        // Nothing was embedded or limited yet: the family may have no series.
        CHECK(promql.find("rate_limit") != std::string::npos);
      }
    }
  }
  CHECK(expressions >= 25);
  CHECK(with_data + 4 >= expressions);
}
