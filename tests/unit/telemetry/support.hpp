// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the ledger's tests share: short ways to feed a ledger and to read what it exposes.

#include "supervisor/telemetry/ledger.hpp"
#include "tests/support/exposition.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::telemetry::test {

using holdfast::test::check_exposition;

inline MonoTime at(double seconds) {
  return MonoTime{} + std::chrono::hours(1000) +
         std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// "api-worker.0" of program "api-worker".
SourceId source(std::string worker, std::uint64_t incarnation = 1);

std::string expose(Ledger& ledger, metrics::Format format = metrics::Format::Text004,
                   MonoTime now = at(0), const std::vector<metrics::Family>& own = {});

// Every sample line, `name{labels}` to value. Asserts that check_exposition() finds nothing.
std::map<std::string, double> values(const std::string& exposition);
std::map<std::string, double> values(Ledger& ledger, MonoTime now = at(0));

std::uint64_t dropped(const Ledger& ledger, Drop reason);

}  // namespace holdfast::supervisor::telemetry::test
