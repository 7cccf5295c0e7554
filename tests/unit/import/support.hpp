// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an import printed, and what Holdfast makes of it.

#include "common/config/load.hpp"
#include "supervisor/import/model.hpp"
#include "supervisor/import/writer.hpp"
#include "tests/support/catch.hpp"

#include <string>

namespace holdfast::supervisor::importer {

struct Imported {
  std::string text;
  config::Config config;

  const config::Program& program(const std::string& name) const {
    for (const config::Program& one : config.programs) {
      if (one.name == name) return one;
    }
    throw std::runtime_error("no program " + name);
  }
  bool says(std::string_view part) const { return text.find(part) != std::string::npos; }
};

// Prints the stack and loads the text, with these variables.
inline Imported printed(const Stack& stack, const config::Environ& environ = {}) {
  Imported result{write(stack, "a test"), {}};
  auto loaded = config::load_text(result.text, "holdfast.toml", environ);
  INFO(result.text << (loaded ? std::string() : config::format(loaded.error())));
  REQUIRE(loaded);
  result.config = std::move(loaded->config);
  return result;
}

using Words = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

}  // namespace holdfast::supervisor::importer
