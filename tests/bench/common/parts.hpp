// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line of a benchmark that consists of parts:
//   PROGRAM [--NUMBER N]... [--only NAME]... [PART...]

#include <functional>
#include <string>
#include <vector>

namespace holdfast::bench {

struct Part {
  std::string name;
  std::function<void()> run;
};

struct NumberOption {
  std::string name;  // with its dashes
  int least;
  std::function<void(int)> set;
};

struct CommandLine {
  std::vector<NumberOption> numbers;
  std::vector<std::string>* only = nullptr;  // what --only adds to
  std::vector<Part> parts;
};

// Runs the parts that are named, or all of them. Returns the exit code of the program: 2 for an
// unknown part, 1 if a part throws.
int run_parts(const CommandLine& line, int argc, char** argv);

}  // namespace holdfast::bench
