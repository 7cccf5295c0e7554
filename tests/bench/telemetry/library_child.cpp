// SPDX-License-Identifier: Apache-2.0

// bench_library_child: the same series as bench_metrics_child, kept and written as the stack's
// workers do: prometheus-cpp's registry, our worker runtime and exposition. One counter changes
// before each scrape; the cost of writing does not depend on which ones change.

#include "common/worker/runtime.hpp"
#include "tests/bench/telemetry/workload.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <cstdlib>
#include <vector>

namespace {

using namespace holdfast;

prometheus::Labels labels_of(std::size_t series) {
  return {
      {"method", "GET"}, {"route", "/api/documents/" + std::to_string(series)}, {"status", "200"}};
}

class Idle final : public worker::Service {
 public:
  explicit Idle(prometheus::Registry& registry) {
    auto& requests = prometheus::BuildCounter()
                         .Name("bench_requests_total")
                         .Help("Requests.")
                         .Register(registry);
    const std::size_t counters = bench::from_environment("BENCH_COUNTERS");
    for (std::size_t i = 0; i < counters; ++i) {
      prometheus::Counter& counter = requests.Add(labels_of(i));
      counter.Increment(static_cast<double>(i));
      if (first_ == nullptr) first_ = &counter;
    }
    const std::size_t histograms = bench::from_environment("BENCH_HISTOGRAMS");
    if (histograms == 0) return;
    std::vector<double> bounds;
    for (const char* bound : bench::kBounds)
      bounds.push_back(std::strtod(bound, nullptr));
    auto& seconds = prometheus::BuildHistogram()
                        .Name("bench_request_seconds")
                        .Help("Requests.")
                        .Register(registry);
    for (std::size_t i = 0; i < histograms; ++i)
      seconds.Add(labels_of(i), bounds).Observe(0.3);
  }

  void drain(std::function<void()> done) override { done(); }
  void before_scrape() override {
    if (first_ != nullptr) first_->Increment(static_cast<double>(bench::kStep));
  }

 private:
  prometheus::Counter* first_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  return worker::run_worker(
      argc, argv, "bench-library-child",
      [](worker::Context& context) -> Result<std::unique_ptr<worker::Service>> {
        return std::make_unique<Idle>(context.registry());
      });
}
