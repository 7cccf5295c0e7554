// SPDX-License-Identifier: Apache-2.0
#pragma once

// One live worker as the ledger sees it: its last good snapshot, and the mapping of each line to a
// series. While a worker sends the same lines in the same order, only the numbers are parsed.
//
// Threads: one at a time.

#include "common/base/clock.hpp"
#include "supervisor/telemetry/parser.hpp"
#include "supervisor/telemetry/series_table.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

// Who sent a snapshot, identified by worker and incarnation. A pid would be reused.
struct SourceId {
  std::string worker;   // "api-worker.0"
  std::string program;  // "api-worker"
  std::uint64_t incarnation = 0;
  bool operator==(const SourceId&) const = default;
};

// How what it reports is treated.
struct SourceRules {
  // Its gauges get the label `program`: two programs that are strangers to each other may use one
  // name for different things, and the sum of both means nothing.
  bool label_program = false;
  // Longer than LedgerSettings::stale_after for one that is asked less often.
  Duration stale_after{};
  Claim claim{};
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

// `cell`: an index into the snapshot's values, or kNoCell if the series is not in the last
// snapshot. A counter that disappeared keeps its last value, so that it is not counted twice if it
// reappears.
struct ScalarEntry {
  double last = 0;
  SeriesId series = 0;
  std::uint32_t cell = kNoCell;
  bool good = false;  // `last` is valid
};

struct DistributionEntry {
  SeriesId series = 0;
  bool good = false;
  LayoutPtr layout;
  std::vector<std::uint32_t> bucket_cells;  // in the order of the layout's bounds
  std::uint32_t infinity_cell = kNoCell;
  std::uint32_t count_cell = kNoCell;
  std::uint32_t sum_cell = kNoCell;
  Counts last;             // by the former bounds, until there are good ones by these
  bool sum_known = false;  // `last.sum` was reported, even if it is NaN or missing by now

  // What counts of it once it is gone: observations that spoiled the sum are not in it.
  Counts known() const {
    Counts counts = last;
    counts.has_sum = sum_known;
    return counts;
  }
  bool present() const { return infinity_cell != kNoCell || count_cell != kNoCell; }
};

struct FamilyConflict {
  std::string family;
  Clash clash = Clash::Type;
  std::string program;  // whose family is left out, or gets a label
  auto operator<=>(const FamilyConflict&) const = default;
};

// A sample that is left out because of what the program sends, and the first of its kind.
struct LeftOut {
  std::string program;
  Drop reason = Drop::Unsupported;
  std::string sample;
};

struct SourceState {
  SourceId source;
  SourceRules rules;
  std::uint64_t arrival_index = 0;  // from 1, in the order in which the ledger saw the sources
  MonoTime last_good{};
  bool ends_with_marker = false;  // its snapshots end with "# EOF"

  std::string text;  // the last snapshot that was parsed in full; `lines` refer to it
  std::vector<ParsedLine> lines;
  std::vector<ScalarEntry> scalars;
  std::vector<DistributionEntry> distributions;
  std::vector<FamilyId> families;  // one retained reference each; sorted
  std::set<FamilyId> shared;       // of those: its series have the label `program`, to the end
  std::size_t series_lines = 0;    // counted against LedgerLimits::series_per_source
  std::size_t series_bytes = 0;    // of their keys, against bytes_per_source()

  // Counted each time a snapshot with this layout is applied.
  DropCounts drops{};
  std::size_t bad_lines = 0;
  std::vector<FamilyConflict> conflicts;
  std::uint64_t planned_at = 0;          // SeriesTable::generation()
  std::map<Drop, std::string> left_out;  // the first sample for each reason to complain of
  bool refused = false;                  // something was refused that a later generation may accept

  void note_left_out(Drop reason, std::string_view sample) {
    // What is left out of every program by design is not worth a complaint.
    const bool by_design = reason == Drop::Quantile || reason == Drop::Created ||
                           reason == Drop::Reserved || reason == Drop::Type ||
                           reason == Drop::Suffix;  // the last two are FamilyConflicts
    if (!by_design) left_out.try_emplace(reason, sample);
  }
};

}  // namespace holdfast::supervisor::telemetry
