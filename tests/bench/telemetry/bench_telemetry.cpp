// SPDX-License-Identifier: Apache-2.0

// bench_telemetry [--scrapes N] [--restarts N] [--only SYSTEM]... [PART...]
//
// The aggregated scrape from end to end, beside prom-client and client_python in the same run.
// Parts: scrape, stopped, loop, restarts; without any, all of them (some five minutes). Systems:
// holdfast, prometheus-cpp (Holdfast with such workers), prom-client, client_python. What the
// figures mean: docs/benchmarks.md.

#include "tests/bench/telemetry/parts.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>

int main(int argc, char** argv) {
  using namespace holdfast::bench;
  const std::vector<std::pair<std::string, std::function<void(const Options&)>>> parts{
      {"scrape", bench_scrape},
      {"stopped", bench_stopped},
      {"loop", bench_loop},
      {"restarts", bench_restarts}};
  Options options;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--scrapes" && i + 1 < argc) {
      options.scrapes = std::max(3, std::atoi(argv[++i]));
      options.seconds = std::max(options.seconds, options.scrapes / 2);
    } else if (argument == "--restarts" && i + 1 < argc) {
      options.restarts = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--only" && i + 1 < argc) {
      options.only.emplace_back(argv[++i]);
    } else {
      wanted.push_back(argument);
    }
  }
  for (const std::string& name : wanted) {
    const auto known = [&](const auto& part) { return part.first == name; };
    if (std::none_of(parts.begin(), parts.end(), known)) {
      fmt::print(stderr, "bench_telemetry: no part '{}'\n", name);
      return 2;
    }
  }
  try {
    for (const auto& [name, run] : parts) {
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end()) {
        run(options);
      }
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_telemetry: {}\n", error.what());
    return 1;
  }
}
