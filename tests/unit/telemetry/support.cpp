// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/telemetry/support.hpp"

#include "common/base/id.hpp"
#include "tests/support/catch.hpp"

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace holdfast::supervisor::telemetry::test {
SourceId source(std::string worker, std::uint64_t incarnation) {
  std::string program = worker.substr(0, worker.rfind('.'));
  return {std::move(worker), std::move(program), incarnation};
}

std::string expose(Ledger& ledger, metrics::Format format, MonoTime now,
                   const std::vector<metrics::Family>& own) {
  std::string out;
  ledger.render(own, format, now, out);
  return out;
}

std::map<std::string, double> values(const std::string& exposition) {
  REQUIRE(check_exposition(exposition) == std::nullopt);
  std::map<std::string, double> out;
  std::istringstream in(exposition);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t space = line.rfind(' ');
    out[line.substr(0, space)] = std::strtod(line.c_str() + space + 1, nullptr);
  }
  return out;
}

std::map<std::string, double> values(Ledger& ledger, MonoTime now) {
  return values(expose(ledger, metrics::Format::Text004, now));
}

std::uint64_t dropped(const Ledger& ledger, Drop reason) {
  return ledger.statistics().drops[static_cast<std::size_t>(reason)];
}

}  // namespace holdfast::supervisor::telemetry::test
