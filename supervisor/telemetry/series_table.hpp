// SPDX-License-Identifier: Apache-2.0
#pragma once

// All families and series that the aggregate exposes, including the retired values of dead workers.
// Sources refer to series by id; an id stays valid while the source holds a reference.
//
// Threads: one at a time. Memory: one entry per series, however many workers came and went.

#include "common/base/clock.hpp"
#include "common/metrics/model.hpp"
#include "supervisor/telemetry/gauge_rules.hpp"
#include "supervisor/telemetry/histogram_total.hpp"
#include "supervisor/telemetry/limits.hpp"
#include "supervisor/telemetry/resolve.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace holdfast::supervisor::telemetry {

using FamilyId = std::uint32_t;
using SeriesId = std::uint32_t;

// How the values of one series from several sources are merged.
enum class Merge : std::uint8_t { Counter, Distribution, Sum, Max, Min, Average, First, Newest };

enum class Clash {
  Reserved,    // the family's name, or one of its sample names, is the supervisor's
  Type,        // the name is exposed with another type
  Retyped,     // this program itself has had it with another type, and its workers are still there
  Suffix,      // a sample name belongs to another family ("foo_count" beside the histogram "foo")
  Owned,       // it is a family of Holdfast's, and this is another program
  Prometheus,  // Prometheus itself makes series of that name
  Shared,  // no clash: another program came first, and this one's series get the label `program`
};

// By what right a source names families. A name belongs to the program of the lowest rank that
// exposes it, whoever was faster; for as long as its totals are kept, whether or not it lives, and
// the configuration has it.
struct Claim {
  std::uint32_t rank = 0;   // 0: Holdfast's own workers; then the programs, in the file's order
  bool beside_own = false;  // another program than Holdfast's workers, which are in the stack
};

struct FamilyEntry {
  std::string name;  // empty: a free entry
  std::string help;
  metrics::Type type = metrics::Type::Untyped;
  Merge merge = Merge::Sum;
  bool per_worker = false;           // series get the label `worker`
  TimeScales time_scales = kNoTime;  // a sum by default: of what looks like times, the latest
  bool has_errors = false;           // ProgramErrors reads it
  std::uint32_t rank = 0;            // of the program that it belongs to
  std::string owner;                 // that program
  bool sorted = true;
  std::uint32_t sources = 0;  // live workers that expose it
  MonoTime idle_since{};      // when `sources` became 0
  std::vector<SeriesId> series;
};

struct SeriesEntry {
  const std::string* key = nullptr;  // `name{labels} `; nullptr: a free entry
  FamilyId family = 0;
  std::uint32_t references = 0;
  std::uint32_t lines = 1;
  bool known = false;                            // has had a valid value
  double retired = 0;                            // counters: from dead workers and resets
  double exposed = 0;                            // counters: the highest total exposed so far
  std::unique_ptr<HistogramTotal> distribution;  // histograms and summaries
};

class SeriesTable {
 public:
  SeriesTable(GaugeRules rules, const LedgerLimits& limits);

  // The family for these samples, retained once for the caller; or why there is none. If families
  // of programs with less right to their names are `in_the_way`, there is none yet: erase() them,
  // once no source refers to them, and bind again.
  struct Bound {
    FamilyId family = 0;
    std::optional<Clash> clash{};
    std::vector<FamilyId> in_the_way{};
  };
  Bound bind(const LocalFamily& family, MonoTime now, Claim claim, std::string_view program);
  // The programs of the configuration. What belongs to another goes to the next that exposes it.
  // True if they are others than before.
  bool set_programs(std::set<std::string, std::less<>> programs);
  bool is_gone(std::string_view program) const {
    return !programs_.empty() && !programs_.contains(program);
  }
  void erase(FamilyId family) {
    if (!families_[family].name.empty()) erase_family(family);
  }
  void retain(FamilyId family) { ++families_[family].sources; }
  void release(FamilyId family, MonoTime now);

  // `name{labels} ` in `out`, which is cleared.
  void make_key(FamilyId family, std::string_view labels, std::string& out) const;
  std::optional<SeriesId> find(std::string_view key) const;
  // Nothing if the table would exceed its limit.
  std::optional<SeriesId> add(FamilyId family, const std::string& key, std::uint32_t lines);
  void reference(SeriesId series);
  // Dropping the last reference removes a series that has no retired values. What only the dead
  // have counted takes half of the table at most: the rest is for the living, whatever the dead
  // put into their labels. False if the series had values and is forgotten for that.
  bool unreference(SeriesId series);
  bool has_family(std::string_view name) const { return by_name_.contains(name); }
  // Sets the number of lines of the series. False, with no change, if the table would exceed its
  // limit.
  bool resize(SeriesId series, std::uint32_t lines);

  // Drops families that no live worker has exposed since `before`.
  void expire(MonoTime before);

  const std::map<std::string, FamilyId, std::less<>>& by_name() const { return by_name_; }
  // Whether a family uses or has reserved this sample name.
  bool claims(const std::string& sample_name) const { return claims_.contains(sample_name); }
  FamilyEntry& family(FamilyId id) { return families_[id]; }
  const FamilyEntry& family(FamilyId id) const { return families_[id]; }
  SeriesEntry& series(SeriesId id) { return series_[id]; }
  const SeriesEntry& series(SeriesId id) const { return series_[id]; }
  std::size_t capacity() const { return series_.size(); }  // ids are below this
  // The labels of a series' key, without braces.
  std::string_view labels(SeriesId id) const;
  // The family's series sorted by key.
  const std::vector<SeriesId>& sorted(FamilyId id);

  // Increases whenever room or a name becomes free, so that what was refused may now be accepted.
  std::uint64_t generation() const { return generation_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  bool has_past(const SeriesEntry& entry) const;  // values that must be kept
  // Why nobody, or not this source, may use these sample names.
  std::optional<Clash> not_free(const std::vector<std::string>& names, Claim claim) const;
  // The counter to which `name` belongs in OpenMetrics (metrics::short_names), or nullptr.
  const FamilyEntry* counter_called(const std::string& name) const;
  void erase_family(FamilyId id);
  void erase_series(SeriesId id);
  void sweep();

  GaugeRules rules_;
  LedgerLimits limits_;
  std::set<std::string, std::less<>> programs_;  // empty: unknown
  std::size_t lines_ = 0;
  std::size_t bytes_ = 0;          // of the series' keys
  std::size_t retired_lines_ = 0;  // of series that no live worker has
  std::uint64_t generation_ = 0;
  std::vector<FamilyEntry> families_;
  std::vector<FamilyId> free_families_;
  std::map<std::string, FamilyId, std::less<>> by_name_;
  std::unordered_map<std::string, FamilyId> claims_;  // every sample name and its family
  std::unordered_set<std::string> reserved_;
  // Sample names of Holdfast's own workers, and short names.
  std::unordered_set<std::string> own_;
  std::vector<SeriesEntry> series_;
  std::vector<SeriesId> free_series_;
  // Erased, but still listed by their families until the next sweep(): removing thousands from one
  // family one at a time would take quadratic time.
  std::vector<SeriesId> erased_series_;
  std::vector<FamilyId> untidy_families_;
  std::unordered_map<std::string, SeriesId, Hash, std::equal_to<>> by_key_;
};

}  // namespace holdfast::supervisor::telemetry
