// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ledger: one exposition out of what all workers report.
//
//   exposed = retired + sum over the live workers of their last good snapshot
//
// Counters, histograms and summaries' sums and counts never go down while the ledger lives:
// - a worker that ends has its last values folded into `retired`, once;
// - a value that falls inside one life was reset: the old value is retired, the new one counts;
//   a histogram is reset as a whole, when its count or any bucket falls (never by its sum);
// - a series that vanishes keeps its last value, and goes on from there if it comes back;
// - a snapshot that is cut, damaged or too large changes nothing.
// What a worker counted after its last good snapshot is lost when it crashes; retire() says how old
// that snapshot was. Gauges follow their rule (metrics::GaugeRule), ignore NaN where another worker
// has a number, vanish with the worker, and are left out when it has been silent for `stale_after`.
// Cost: proportional to the series that are exposed, not to the workers that ever lived.
//
// The text that render() writes is valid whatever the workers send; what is left out is counted.
//
// Threads: one at a time (the telemetry thread). No I/O and no clock: times come in.

#include "common/metrics/model.hpp"
#include "supervisor/telemetry/limits.hpp"
#include "supervisor/telemetry/plan.hpp"
#include "supervisor/telemetry/source.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::telemetry {

struct LedgerSettings {
  LedgerLimits limits;
  GaugeRules gauge_rules;
  Duration stale_after = std::chrono::seconds(15);
  // How long a family is kept that no live worker exposes (after an upgrade renamed it).
  Duration retired_family_ttl = std::chrono::hours(24);
};

enum class Applied {
  Accepted,
  Oversized,   // larger than LedgerLimits::snapshot_bytes
  Truncated,   // empty, the last line not ended, or "# EOF" missing where it used to be
  Malformed,   // more than a stray bad line: over 1 % and over 3, or half of all
  StaleSource  // from an incarnation that was retired already
};

struct ProgramCounts {
  std::map<std::string, std::uint64_t> parse_errors;  // by reason
  std::uint64_t resets = 0;
};

struct LedgerStatistics {
  std::map<std::string, ProgramCounts> programs;
  DropCounts drops{};
  std::uint64_t retired_incarnations = 0;
  std::uint64_t full_parses = 0;  // answers that had new lines; the others only had new numbers
  std::size_t series = 0;         // lines of workers in the last exposition
  std::map<std::string, std::size_t> conflicting_families;  // by reason: type, suffix, buckets
};

// One series as it would be exposed now.
struct SeriesValue {
  std::string labels;         // as in the exposition, without braces: `method="GET",status="200"`
  double value = 0;           // counters and gauges
  std::uint32_t sources = 0;  // gauges: the live workers that it was made of
  Counts counts;              // histograms and summaries
};

class Ledger {
 public:
  explicit Ledger(LedgerSettings settings = {});
  Ledger(const Ledger&) = delete;  // the planner refers to the table
  Ledger& operator=(const Ledger&) = delete;

  // A worker's whole answer. All of it counts, or nothing.
  Applied apply(const SourceId& source, std::string snapshot, MonoTime now);

  // The process has ended and its last answer was applied. Later answers of this incarnation or an
  // earlier one are refused. Returns the age of its last good snapshot, if it had one.
  std::optional<Duration> retire(const SourceId& source, MonoTime now);

  // Appends the whole exposition: the workers' families and `own` ones, sorted by name. `own` must
  // have names that metrics::is_reserved(); should a worker's family have one of them, `own` wins.
  void render(const std::vector<metrics::Family>& own, metrics::Format format, MonoTime now,
              std::string& out);

  // The series of these families; a family without any is not in the result.
  std::map<std::string_view, std::vector<SeriesValue>> read(
      std::span<const std::string_view> families, MonoTime now);

  // Forgets families that nobody has exposed for `retired_family_ttl`. Call it now and then.
  void expire(MonoTime now);

  LedgerStatistics statistics() const;
  // Families in conflict, for one log line each.
  std::vector<FamilyConflict> conflicts() const;
  std::optional<MonoTime> last_good(const SourceId& source) const;

 private:
  struct Cell {
    double value = 0;
    std::uint32_t any = 0;    // sources that have the series
    std::uint32_t valid = 0;  // of them, with a number
  };

  Applied refuse(const SourceId& source, const char* reason, Applied result);
  SourceState* find(const SourceId& source) const;
  bool reread_same_lines(SourceState& state, const std::string& snapshot);
  void commit(SourceState& state);
  bool commit_scalar(ScalarEntry& entry, Merge merge, double value);
  bool commit_distribution(SourceState& state, DistributionEntry& entry);
  bool read_counts(const DistributionEntry& entry, Counts& counts) const;

  void total_up(MonoTime now);
  void add_scalars(const SourceState& state, bool gauges);
  using Taken = std::function<bool(const std::string&)>;
  void render_family(FamilyId id, metrics::Format format, const Taken& taken, std::string& out);
  void render_distribution(SeriesId id, metrics::Format format, std::string& out);
  std::optional<double> scalar_value(SeriesId id, Merge merge);
  bool has_value(const FamilyEntry& family) const;

  LedgerSettings settings_;
  SeriesTable table_;
  Planner planner_;
  std::vector<std::unique_ptr<SourceState>> live_;     // in order of arrival
  std::map<std::string, std::uint64_t> retired_upto_;  // worker -> incarnation
  std::uint64_t arrivals_ = 0;
  std::vector<double> values_;  // of the snapshot being applied
  std::vector<Cell> cells_;     // by SeriesId, for render()
  std::map<std::string, ProgramCounts> programs_;
  DropCounts drops_{};
  std::uint64_t retired_incarnations_ = 0;
  std::uint64_t full_parses_ = 0;
  std::size_t rendered_lines_ = 0;
};

}  // namespace holdfast::supervisor::telemetry
