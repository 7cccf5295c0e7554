// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/log_families.hpp"

#include "common/metrics/catalogue.hpp"

namespace holdfast::supervisor::collector {

using metrics::declared_family;
using metrics::Family;

std::vector<Family> log_families(const logs::RelayCounters& counters) {
  Family lines = declared_family("holdfast_log_lines_total");
  Family dropped = declared_family("holdfast_log_lines_dropped_total");
  for (const auto& [program, counts] : counters.programs) {
    const std::string name = program.empty() ? "holdfast" : program;
    lines.add({{"program", name}}, static_cast<double>(counts.lines));
    dropped.add({{"program", name}}, static_cast<double>(counts.dropped_lines));
  }
  Family error_lines = declared_family("holdfast_log_error_lines_total");
  for (const auto& [program, counts] : counters.programs) {
    error_lines.add({{"program", program.empty() ? "holdfast" : program}},
                    static_cast<double>(counts.error_lines));
  }
  Family file_dropped = declared_family("holdfast_log_file_lines_dropped_total");
  for (const auto& [program, count] : counters.file_dropped_lines)
    file_dropped.add({{"program", program}}, static_cast<double>(count));
  Family errors = declared_family("holdfast_log_write_errors_total");
  errors.add(static_cast<double>(counters.write_errors));
  return {std::move(error_lines), std::move(lines), std::move(dropped), std::move(file_dropped),
          std::move(errors)};
}

}  // namespace holdfast::supervisor::collector
