// SPDX-License-Identifier: Apache-2.0
#pragma once

// Maps a parsed snapshot to series. This is the slow path, taken when a worker's lines have
// changed.
//
// Threads: one at a time; the planner reuses buffers between calls.

#include "supervisor/telemetry/labels.hpp"
#include "supervisor/telemetry/resolve.hpp"
#include "supervisor/telemetry/source.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

inline constexpr std::uint32_t kHistogramExtraLines = 3;  // +Inf, _sum and _count

class Planner {
 public:
  // `take_away`: makes every source give up a family and erases it, because a program with more
  // right to its name has come.
  using TakeAway = std::function<void(FamilyId family)>;
  Planner(const LedgerLimits& limits, SeriesTable& table, TakeAway take_away)
      : limits_(limits), table_(table), take_away_(std::move(take_away)), labels_(limits) {}

  // Replaces the mapping in `state`. Carries over the last values of known series; does not read
  // the values of the new snapshot.
  void rebuild(SourceState& state, const Exposition& snapshot, MonoTime now);

  void purge_layouts() { layouts_.purge(); }

 private:
  // A histogram or summary series being assembled from its lines.
  struct Pending {
    FamilyId family = 0;
    std::string key;
    std::vector<std::pair<double, std::uint32_t>> bounds;
    std::uint32_t infinity = kNoCell;
    std::uint32_t count = kNoCell;
    std::uint32_t sum = kNoCell;
  };

  void take_sample(std::uint32_t cell, const Exposition& snapshot, Resolver& resolver);
  std::optional<FamilyId> family_of(std::uint32_t local, const Resolver& resolver);
  bool is_shared(FamilyId family) const;
  AddedLabel added_label(FamilyId family) const;
  void take_scalar(FamilyId family, std::uint32_t cell, std::span<const ParsedLabel> labels);
  void take_part(FamilyId family, Role role, std::uint32_t cell,
                 std::span<const ParsedLabel> labels);
  Pending& pending_for(FamilyId family);
  void finish(Pending& pending);
  LayoutPtr sort_bounds(Pending& pending);
  // False if there is no room for the new layout; the series then keeps its old state.
  bool carry_over(SeriesId series, DistributionEntry& entry);
  std::optional<SeriesId> series_for(FamilyId family, const std::string& key, std::uint32_t lines);
  bool known(SeriesId series) const { return old_place_[series] != kNoCell; }
  void cover_all_series();
  void note_old_entries();
  bool keep_vanished();
  void retain_families();
  void drop(Drop reason, std::uint64_t count = 1);

  const LedgerLimits& limits_;
  SeriesTable& table_;
  const TakeAway take_away_;
  LabelWriter labels_;
  LayoutPool layouts_;

  // State of one rebuild.
  SourceState* state_ = nullptr;
  MonoTime now_{};
  std::string worker_;            // escaped
  std::string program_;           // escaped; empty: without a label
  std::string_view sample_name_;  // of the sample, or family, being taken
  std::string key_;
  std::string label_text_;
  std::vector<ScalarEntry> old_scalars_;
  std::vector<DistributionEntry> old_distributions_;
  std::vector<std::uint32_t> old_place_;  // by SeriesId: index of the old entry, or kNoCell
  std::vector<bool> taken_;               // by SeriesId: in the new snapshot
  std::vector<std::optional<SeriesTable::Bound>> bound_;  // by local family
  std::vector<Pending> pending_;
  std::unordered_map<std::string, std::size_t> pending_by_key_;
};

}  // namespace holdfast::supervisor::telemetry
