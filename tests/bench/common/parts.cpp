// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/common/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>

namespace holdfast::bench {

int run_parts(const CommandLine& line, int argc, char** argv) {
  const std::string program = std::filesystem::path(argv[0]).filename();
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto number =
        std::find_if(line.numbers.begin(), line.numbers.end(),
                     [&](const NumberOption& option) { return option.name == argument; });
    if (number != line.numbers.end() && i + 1 < argc) {
      number->set(std::max(number->least, std::atoi(argv[++i])));
    } else if (argument == "--only" && i + 1 < argc) {
      line.only->emplace_back(argv[++i]);
    } else {
      wanted.push_back(argument);
    }
  }
  for (const std::string& name : wanted) {
    const auto known = [&](const Part& part) { return part.name == name; };
    if (std::none_of(line.parts.begin(), line.parts.end(), known)) {
      fmt::print(stderr, "{}: unknown part '{}'\n", program, name);
      return 2;
    }
  }
  try {
    for (const Part& part : line.parts) {
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), part.name) != wanted.end()) {
        part.run();
      }
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", program, error.what());
    return 1;
  }
  return 0;
}

}  // namespace holdfast::bench
