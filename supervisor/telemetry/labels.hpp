// SPDX-License-Identifier: Apache-2.0
#pragma once

// Labels in their one canonical spelling, so that a series is recognised however it is written:
// sorted by name, escapes renewed, labels with an empty value left out (they mean "no label").
//
// Threads: one instance per thread; it reuses its buffers.

#include "supervisor/telemetry/limits.hpp"
#include "supervisor/telemetry/parser.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::telemetry {

class LabelWriter {
 public:
  explicit LabelWriter(const LedgerLimits& limits) : limits_(limits) {}

  // Appends `a="1",b="2"` to `out`. Leaves the label `omitted` out. With `worker` (escaped), adds
  // the label `worker`; one that is there already is renamed `exported_worker`, as Prometheus does.
  // False, and `out` is unspecified, if the labels are invalid: a bad or repeated name, a name
  // with "__", invalid UTF-8, or over a limit.
  bool append(std::span<const ParsedLabel> labels, std::string_view omitted,
              std::string_view worker, std::string& out);

 private:
  bool add_worker(std::string_view worker);

  const LedgerLimits& limits_;
  std::vector<ParsedLabel> sorted_;
};

// The raw value of the label `name`, if it is there.
std::optional<std::string_view> find_label(std::span<const ParsedLabel> labels,
                                           std::string_view name);

}  // namespace holdfast::supervisor::telemetry
