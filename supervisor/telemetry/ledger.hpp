// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ledger: aggregates what all workers report into one exposition.
//
//   exposed = retired + sum over live workers of their last good snapshot
//
// Counters, histograms, and the sums and counts of summaries never decrease while the ledger lives:
// - when a worker exits, its last values are added to `retired`, once;
// - a value that decreases within one incarnation was reset: the old value is retired, the new one
//   counts. A histogram is reset as a whole, if its count or any bucket decreases (never for its
//   sum, nor for bounds that come or go);
// - a series that disappears keeps its last value, and continues from there if it reappears;
// - a truncated, damaged or oversized snapshot changes nothing.
// What a worker counted after its last good snapshot is lost if it crashes; retire() returns the
// age of that snapshot. Gauges follow their rule (metrics::GaugeRule), ignore NaN if another worker
// has a number, disappear with the worker, and are left out once it has been silent for
// `stale_after`. Cost: proportional to the exposed series, not to the number of workers that ever
// lived.
//
// Names have owners (Claim): what a program reports under a name that is not its own is left out,
// or told apart by the label `program`.
//
// The text that render() writes is valid whatever the workers send; dropped samples are counted.
//
// Threads: one at a time (the telemetry thread). No I/O and no clock: times are parameters.

#include "common/metrics/model.hpp"
#include "supervisor/telemetry/limits.hpp"
#include "supervisor/telemetry/plan.hpp"
#include "supervisor/telemetry/program_errors.hpp"
#include "supervisor/telemetry/source.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::telemetry {

struct LedgerSettings {
  LedgerLimits limits;
  GaugeRules gauge_rules;
  Duration stale_after = std::chrono::seconds(15);
  // How long to keep a family that no live worker exposes, such as one renamed by an upgrade.
  Duration retired_family_ttl = std::chrono::hours(24);
};

enum class Applied {
  Accepted,
  Oversized,   // larger than LedgerLimits::snapshot_bytes
  Truncated,   // empty, no final line feed, or no "# EOF" where that is needed (Ending)
  Malformed,   // at least half of its lines are bad
  StaleSource  // from an incarnation that has been retired
};

// What shows that a snapshot is whole.
enum class Ending {
  ByMarker,  // "# EOF", once an earlier snapshot of the source has had it; and its last line feed
  ByFraming  // HTTP; the format has no marker, though a comment may look like one
};

struct ProgramCounts {
  std::map<std::string, std::uint64_t> parse_errors;  // by reason
  std::uint64_t resets = 0;
};

struct LedgerStatistics {
  std::map<std::string, ProgramCounts> programs;
  DropCounts drops{};
  std::uint64_t retired_incarnations = 0;
  std::uint64_t full_parses = 0;  // snapshots with new lines; the others only had new numbers
  std::size_t series = 0;         // lines from workers in the last exposition
  std::map<std::string, std::size_t> conflicting_families;  // by reason: type, suffix, …
};

// One series as it would be exposed now.
struct SeriesValue {
  std::string labels;         // as in the exposition, without braces: `method="GET",status="200"`
  double value = 0;           // counters and gauges
  std::uint32_t sources = 0;  // gauges: the number of live workers that contribute
  Counts counts;              // histograms and summaries
};

class Ledger {
 public:
  explicit Ledger(LedgerSettings settings = {});
  Ledger(const Ledger&) = delete;  // the planner refers to the table
  Ledger& operator=(const Ledger&) = delete;

  // Applies a worker's whole answer, or nothing of it.
  Applied apply(const SourceId& source, std::string snapshot, MonoTime now,
                const SourceRules& rules = {}, Ending ending = Ending::ByMarker);

  // Call once the process has exited and its last answer was applied. Later answers from this or an
  // earlier incarnation are refused. Returns the age of its last good snapshot, if it had one.
  std::optional<Duration> retire(const SourceId& source, MonoTime now);

  // The programs of the configuration, whenever they may have changed. A name of a program that is
  // no longer among them belongs to the first one that exposes it.
  void set_programs(std::set<std::string, std::less<>> programs);

  // Appends the whole exposition: the workers' families and `own`, sorted by name. The names of
  // `own` must satisfy metrics::is_reserved(); `own` wins over a worker's family of the same name.
  void render(const std::vector<metrics::Family>& own, metrics::Format format, MonoTime now,
              std::string& out);

  // The series of these families; families without series are left out.
  std::map<std::string_view, std::vector<SeriesValue>> read(
      std::span<const std::string_view> families, MonoTime now);

  // What each live worker that is not silent reports of a gauge without labels, by program.
  std::map<std::string, std::vector<double>> gauge_by_program(std::string_view name,
                                                              MonoTime now) const;

  // Drops families that no worker has exposed for `retired_family_ttl`. Call it periodically.
  void expire(MonoTime now);

  const ProgramErrors& program_errors() const { return program_errors_; }

  LedgerStatistics statistics() const;
  // What of live sources is left out and should be mended, for one log line each.
  std::vector<FamilyConflict> conflicts() const;
  std::vector<LeftOut> left_out() const;
  std::optional<MonoTime> last_good(const SourceId& source) const;

 private:
  struct Cell {
    double value = 0;
    std::uint32_t any = 0;    // sources that have the series
    std::uint32_t valid = 0;  // sources that have a number for it
  };

  void take_away(FamilyId family);
  Applied refuse(const SourceId& source, const char* reason, Applied result);
  SourceState* find(const SourceId& source) const;
  bool reread_same_lines(SourceState& state, const std::string& snapshot);
  void commit(SourceState& state);
  bool commit_scalar(SourceState& state, ScalarEntry& entry, const FamilyEntry& family,
                     double value);
  void drop_value(SourceState& state, SeriesId series);
  void forget_unless_room(const SourceState& state, SeriesId series, std::uint32_t lines);
  void keep_text(SourceState& state, std::string text);
  bool commit_distribution(SourceState& state, DistributionEntry& entry);
  bool read_counts(const DistributionEntry& entry, Counts& counts) const;

  bool is_fresh(const SourceState& state, MonoTime now) const;
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
  ProgramErrors program_errors_;
  DropCounts drops_{};
  std::uint64_t retired_incarnations_ = 0;
  std::uint64_t full_parses_ = 0;
  std::size_t rendered_lines_ = 0;
  std::size_t text_bytes_ = 0;                    // of all SourceState::text
  std::map<std::string, std::string> forgotten_;  // program -> the first family of it
};

}  // namespace holdfast::supervisor::telemetry
