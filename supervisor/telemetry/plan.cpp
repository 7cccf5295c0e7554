// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/plan.hpp"

#include "common/metrics/text.hpp"

#include <algorithm>

namespace holdfast::supervisor::telemetry {
namespace {

Drop drop_for(Clash clash) {
  switch (clash) {
    case Clash::Reserved: return Drop::Reserved;
    case Clash::Type: return Drop::Type;
    case Clash::Suffix: break;
  }
  return Drop::Suffix;
}

}  // namespace

std::size_t Planner::rebuild(SourceState& state, const Exposition& snapshot, MonoTime now) {
  const std::uint64_t generation = table_.generation();
  state_ = &state;
  now_ = now;
  changed_layouts_ = 0;
  worker_.clear();
  metrics::append_label_value(worker_, state.source.worker);
  old_scalars_ = std::exchange(state.scalars, {});
  old_distributions_ = std::exchange(state.distributions, {});
  state.drops = {};
  state.conflicts.clear();
  state.refused = false;
  state.lines = snapshot.lines;
  state.bad_lines = snapshot.bad_lines;
  bound_.clear();
  pending_.clear();
  pending_by_key_.clear();
  note_old_entries();

  Resolver resolver(snapshot);
  state.scalars.reserve(snapshot.samples.size());
  for (std::uint32_t cell = 0; cell < snapshot.samples.size(); ++cell) {
    take_sample(cell, snapshot, resolver);
  }
  for (Pending& pending : pending_)
    finish(pending);
  const bool made_room = keep_vanished();
  retain_families();
  // What was refused for want of room is tried again at once if this very snapshot made some.
  state.planned_at = made_room ? generation - 1 : generation;
  return changed_layouts_;
}

void Planner::cover_all_series() {
  old_place_.resize(std::max(old_place_.size(), table_.capacity()), kNoCell);
  taken_.resize(old_place_.size(), false);
}

void Planner::note_old_entries() {
  old_place_.clear();
  taken_.clear();
  cover_all_series();
  for (std::uint32_t i = 0; i < old_scalars_.size(); ++i)
    old_place_[old_scalars_[i].series] = i;
  for (std::uint32_t i = 0; i < old_distributions_.size(); ++i) {
    old_place_[old_distributions_[i].series] = i;
  }
}

void Planner::drop(Drop reason, std::uint64_t count) {
  state_->drops[static_cast<std::size_t>(reason)] += count;
}

void Planner::take_sample(std::uint32_t cell, const Exposition& snapshot, Resolver& resolver) {
  const ParsedSample& sample = snapshot.samples[cell];
  const Resolved resolved = resolver.resolve(sample.name);
  if (resolved.role == Role::Quantile) return drop(Drop::Quantile);
  if (resolved.role == Role::Created) return drop(Drop::Created);
  if (resolved.role == Role::Unsupported) return drop(Drop::Unsupported);
  const std::optional<FamilyId> family = family_of(resolved.family, resolver);
  if (!family) return;
  const std::span labels(snapshot.labels.data() + sample.first_label, sample.label_count);
  if (resolved.role == Role::Scalar) {
    take_scalar(*family, cell, labels);
  } else {
    take_part(*family, resolved.role, cell, labels);
  }
}

std::optional<FamilyId> Planner::family_of(std::uint32_t local, const Resolver& resolver) {
  if (local >= bound_.size()) bound_.resize(local + 1);
  auto& bound = bound_[local];
  if (!bound) {
    const LocalFamily& family = resolver.families()[local];
    bound = table_.bind(family.name, family.help, family.type, now_);
    if (bound->clash && *bound->clash != Clash::Reserved) {
      state_->conflicts.push_back({family.name, *bound->clash});
      state_->refused = true;
    }
  }
  if (!bound->clash) return bound->family;
  drop(drop_for(*bound->clash));
  return std::nullopt;
}

void Planner::take_scalar(FamilyId family, std::uint32_t cell,
                          std::span<const ParsedLabel> labels) {
  label_text_.clear();
  const std::string_view worker = table_.family(family).per_worker ? worker_ : std::string_view{};
  if (!labels_.append(labels, "", worker, label_text_)) return drop(Drop::InvalidLabel);
  table_.make_key(family, label_text_, key_);
  const std::optional<SeriesId> series = series_for(family, key_, 1);
  if (!series) return;
  ScalarEntry entry{0, *series, cell, false};
  if (known(*series)) {
    const ScalarEntry& old = old_scalars_[old_place_[*series]];
    entry.last = old.last;
    entry.good = old.good;
  }
  state_->scalars.push_back(entry);
}

std::optional<SeriesId> Planner::series_for(FamilyId family, const std::string& key,
                                            std::uint32_t lines) {
  std::optional<SeriesId> series = table_.find(key);
  if (series && taken_[*series]) {
    drop(Drop::Duplicate);
    return std::nullopt;
  }
  if (!series || !known(*series)) {
    const bool room = state_->series_lines + lines <= limits_.series_per_source;
    if (room && !series) series = table_.add(family, key, lines);
    if (!room || !series) {
      drop(Drop::Limit, lines);
      state_->refused = true;
      return std::nullopt;
    }
    table_.reference(*series);
    state_->series_lines += lines;
    cover_all_series();
  }
  taken_[*series] = true;
  return series;
}

bool Planner::keep_vanished() {
  bool made_room = false;
  for (ScalarEntry& old : old_scalars_) {
    if (taken_[old.series]) continue;
    const Merge merge = table_.family(table_.series(old.series).family).merge;
    if (merge == Merge::Counter && old.good) {
      old.cell = kNoCell;
      state_->scalars.push_back(old);
    } else {
      table_.unreference(old.series);
      made_room = true;
    }
  }
  for (DistributionEntry& old : old_distributions_) {
    if (taken_[old.series]) continue;
    if (!old.good) {
      table_.unreference(old.series);
      made_room = true;
      continue;
    }
    old.bucket_cells.clear();
    old.infinity_cell = old.count_cell = old.sum_cell = kNoCell;
    state_->distributions.push_back(std::move(old));
  }
  std::size_t lines = state_->scalars.size();
  for (const DistributionEntry& entry : state_->distributions) {
    lines += entry.last.layout->bounds.size() + kHistogramExtraLines;
  }
  state_->series_lines = lines;
  old_scalars_.clear();
  old_distributions_.clear();
  return made_room;
}

void Planner::retain_families() {
  std::vector<FamilyId> families;
  families.reserve(state_->scalars.size());
  for (const auto& entry : state_->scalars)
    families.push_back(table_.series(entry.series).family);
  for (const auto& entry : state_->distributions) {
    families.push_back(table_.series(entry.series).family);
  }
  std::sort(families.begin(), families.end());
  families.erase(std::unique(families.begin(), families.end()), families.end());
  for (const FamilyId family : families)
    table_.retain(family);
  for (const auto& bound : bound_) {
    if (bound && !bound->clash) table_.release(bound->family, now_);
  }
  for (const FamilyId family : std::exchange(state_->families, std::move(families))) {
    table_.release(family, now_);
  }
}

}  // namespace holdfast::supervisor::telemetry
