// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes labels in canonical form, so that a series is recognised however a worker writes it:
// sorted by name, escaped uniformly, without labels that have an empty value (which mean "no
// label").
//
// Threads: one at a time; an instance reuses its buffers.

#include "supervisor/telemetry/limits.hpp"
#include "supervisor/telemetry/parser.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::telemetry {

// A label that the supervisor adds: `worker` or `program`. The value is escaped. No name: none.
struct AddedLabel {
  std::string_view name;
  std::string_view value;
};

class LabelWriter {
 public:
  explicit LabelWriter(const LedgerLimits& limits) : limits_(limits) {}

  // Appends `a="1",b="2"` to `out`, without the label `omitted`, and with `added`. An existing
  // label of that name is renamed to `exported_…`, as Prometheus does. False, with `out`
  // unspecified, if the labels are invalid: a bad or repeated name, a name with "__", invalid
  // UTF-8, or over a limit.
  bool append(std::span<const ParsedLabel> labels, std::string_view omitted, AddedLabel added,
              std::string& out);

 private:
  bool add(AddedLabel added);

  const LedgerLimits& limits_;
  std::vector<ParsedLabel> sorted_;
  std::string free_;  // the name that an existing label was given
};

// The raw value of the label `name`, if present.
std::optional<std::string_view> find_label(std::span<const ParsedLabel> labels,
                                           std::string_view name);

// The value of a label in `method="GET",status="200"`; empty if there is none.
std::string_view label_value(std::string_view labels, std::string_view name);

}  // namespace holdfast::supervisor::telemetry
