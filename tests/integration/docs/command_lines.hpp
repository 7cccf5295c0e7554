// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands of Holdfast's programs that a page quotes.

#include <string>
#include <vector>

namespace holdfast::test {

struct Quoted {
  int line = 0;                    // of the page
  std::vector<std::string> words;  // the program and its arguments, without quotes
  bool in_text = false;            // inline code, which may name a command without its arguments
};

// From ```sh and ```bash blocks every line, from ```console blocks and blocks without a language
// those that begin with "$ ", and inline code that begins with a program of Holdfast's. Left out is
// inline code that shows a syntax: [--json], NAME..., start|stop.
std::vector<Quoted> quoted_commands(const std::string& markdown);

// The simple commands of a shell line that run one of Holdfast's programs, by itself or through
// `until`, `env`, `runuser … --` or `docker compose exec holdfast`.
std::vector<std::vector<std::string>> holdfast_commands(const std::string& line);

}  // namespace holdfast::test
