// SPDX-License-Identifier: Apache-2.0

// bench_supervision [--runs N] [--children N] [--only SUPERVISOR]... [PART...]
//
// Holdfast beside a bare fork/exec floor, supervisord and s6, in the same run. Parts: restart,
// ready, rolling, few, many, stubborn; without any, all of them (some ten minutes). What the
// figures mean and what they do not: docs/benchmarks.md.

#include "tests/bench/supervision/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>

namespace holdfast::bench {

bool Options::wants(const std::string& name) const {
  return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
}

}  // namespace holdfast::bench

int main(int argc, char** argv) {
  using namespace holdfast::bench;
  const std::vector<std::pair<std::string, std::function<void(const Options&)>>> parts{
      {"restart", bench_restart}, {"ready", bench_ready}, {"rolling", bench_rolling},
      {"few", bench_few},         {"many", bench_many},   {"stubborn", bench_stubborn}};
  Options options;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--runs" && i + 1 < argc) {
      options.runs = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--children" && i + 1 < argc) {
      options.children = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--only" && i + 1 < argc) {
      options.only.emplace_back(argv[++i]);
    } else {
      wanted.push_back(argument);
    }
  }
  for (const std::string& name : wanted) {
    const auto known = [&](const auto& part) { return part.first == name; };
    if (std::none_of(parts.begin(), parts.end(), known)) {
      fmt::print(stderr, "bench_supervision: no part '{}'\n", name);
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
    fmt::print(stderr, "bench_supervision: {}\n", error.what());
    return 1;
  }
}
