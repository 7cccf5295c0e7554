// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/log_families.hpp"

#include "common/metrics/catalogue.hpp"

namespace holdfast::supervisor::collector {

namespace {

using metrics::declared_family;
using metrics::Family;

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

}  // namespace

std::vector<Family> log_families(const logs::RelayCounters& counters) {
  Family lines = declared_family("holdfast_log_lines_total");
  Family dropped = declared_family("holdfast_log_lines_dropped_total");
  for (const auto& [program, counts] : counters.programs) {
    const std::string name = program.empty() ? "holdfast" : program;
    lines.add({{"program", name}}, number(counts.lines));
    dropped.add({{"program", name}}, number(counts.dropped_lines));
  }
  Family errors = declared_family("holdfast_log_write_errors_total");
  errors.add(number(counters.write_errors));
  return {std::move(lines), std::move(dropped), std::move(errors)};
}

}  // namespace holdfast::supervisor::collector
