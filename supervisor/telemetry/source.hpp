// SPDX-License-Identifier: Apache-2.0
#pragma once

// One live worker as the ledger sees it: its last good snapshot, and how each line of it maps to a
// series. While a worker sends the same lines in the same order, only the numbers are read again.
//
// Threads: one at a time.

#include "common/base/clock.hpp"
#include "supervisor/telemetry/parser.hpp"
#include "supervisor/telemetry/series_table.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

// Who sent a snapshot. (worker, incarnation) is the identity; a pid would come back.
struct SourceId {
  std::string worker;   // "api-worker.0"
  std::string program;  // "api-worker"
  std::uint64_t incarnation = 0;
  bool operator==(const SourceId&) const = default;
};

// Why a sample is not in the aggregate.
enum class Drop : std::uint8_t {
  InvalidLabel,
  InvalidValue,  // a counter or bucket that is negative, NaN or infinite; buckets that fall
  Duplicate,
  Reserved,
  Type,
  Suffix,
  Limit,
  Quantile,
  Created,
  Unsupported,
};
constexpr std::size_t kDropReasons = 10;
std::string_view to_string(Drop reason);  // the value of the label `reason`
using DropCounts = std::array<std::uint64_t, kDropReasons>;

inline constexpr std::uint32_t kNoCell = 0xFFFFFFFF;

// An index into the snapshot's values, or kNoCell: the series is not in the last snapshot. A
// counter that vanished keeps its last value, so that it can come back without counting twice.
struct ScalarEntry {
  double last = 0;
  SeriesId series = 0;
  std::uint32_t cell = kNoCell;
  bool good = false;  // `last` is a value
};

struct DistributionEntry {
  SeriesId series = 0;
  bool good = false;
  std::vector<std::uint32_t> bucket_cells;  // in the order of the layout's bounds
  std::uint32_t infinity_cell = kNoCell;
  std::uint32_t count_cell = kNoCell;
  std::uint32_t sum_cell = kNoCell;
  Counts last;

  bool present() const { return infinity_cell != kNoCell || count_cell != kNoCell; }
};

struct FamilyConflict {
  std::string family;
  Clash clash = Clash::Type;
  auto operator<=>(const FamilyConflict&) const = default;
};

struct SourceState {
  SourceId source;
  std::uint64_t order = 0;  // the how-manieth source this ledger has seen
  MonoTime last_good{};
  bool ends_with_marker = false;  // its snapshots end with "# EOF"

  std::string text;  // the last snapshot that was parsed in full: what `lines` refer to
  std::vector<ParsedLine> lines;
  std::vector<ScalarEntry> scalars;
  std::vector<DistributionEntry> distributions;
  std::vector<FamilyId> families;  // one retained reference each
  std::size_t series_lines = 0;    // what it costs of LedgerLimits::series_per_source

  // What the layout of the snapshot costs each time it is applied.
  DropCounts drops{};
  std::size_t bad_lines = 0;
  std::vector<FamilyConflict> conflicts;
  std::uint64_t planned_at = 0;  // SeriesTable::generation()
  bool refused = false;          // something may be taken in another generation
};

}  // namespace holdfast::supervisor::telemetry
