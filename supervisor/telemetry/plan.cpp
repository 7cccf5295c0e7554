// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/plan.hpp"

#include "common/metrics/text.hpp"
#include "supervisor/telemetry/number.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::supervisor::telemetry {
namespace {

Drop drop_for(Clash clash) {
  switch (clash) {
    case Clash::Reserved:
    case Clash::Owned:
    case Clash::Prometheus: return Drop::Reserved;
    case Clash::Type:
    case Clash::Retyped: return Drop::Type;
    case Clash::Suffix:
    case Clash::Shared: break;
  }
  return Drop::Suffix;
}

}  // namespace

void Planner::rebuild(SourceState& state, const Exposition& snapshot, MonoTime now) {
  const std::uint64_t generation = table_.generation();
  state_ = &state;
  now_ = now;
  worker_.clear();
  metrics::append_label_value(worker_, state.source.worker);
  program_.clear();
  if (state.rules.label_program) metrics::append_label_value(program_, state.source.program);
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
  for (Pending& pending : pending_) {
    sample_name_ = table_.family(pending.family).name;
    finish(pending);
  }
  const bool made_room = keep_vanished();
  retain_families();
  // If this snapshot freed room, what was refused for lack of room is retried with the next one.
  state.planned_at = made_room ? generation - 1 : generation;
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
  if (count == 0) return;
  state_->drops[static_cast<std::size_t>(reason)] += count;
  state_->note_left_out(reason, sample_name_);
}

void Planner::take_sample(std::uint32_t cell, const Exposition& snapshot, Resolver& resolver) {
  const ParsedSample& sample = snapshot.samples[cell];
  sample_name_ = sample.name;
  // Prometheus 3 allows any UTF-8 in quotes, which the formats that we write cannot express.
  if (!metrics::valid_metric_name(sample.name)) return drop(Drop::Unsupported);
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
    // A family of its own for each of a million series would cost more than they do.
    if (state_->series_lines >= limits_.series_per_source && !table_.has_family(family.name)) {
      drop(Drop::Limit);
      state_->refused = true;
      return std::nullopt;
    }
    const auto bind = [&] {
      return table_.bind(family, now_, state_->rules.claim, state_->source.program);
    };
    bound = bind();
    if (!bound->in_the_way.empty()) {
      for (const FamilyId other : bound->in_the_way)
        take_away_(other);
      cover_all_series();
      bound = bind();
    }
    if (bound->clash && *bound->clash != Clash::Reserved) {
      state_->conflicts.push_back({family.name, *bound->clash, state_->source.program});
      state_->refused = true;
    } else if (!bound->clash && is_shared(bound->family)) {
      state_->conflicts.push_back({family.name, Clash::Shared, state_->source.program});
    }
  }
  if (!bound->clash) return bound->family;
  drop(drop_for(*bound->clash));
  return std::nullopt;
}

// Whether its series are told apart from those of the program to which the family belongs. What has
// been decided stays while the process runs: the count of one series, moved to another, would look
// like so many events.
bool Planner::is_shared(FamilyId id) const {
  const FamilyEntry& family = table_.family(id);
  if (family.type == metrics::Type::Gauge || family.per_worker) return false;
  const auto& decided = state_->families;
  if (std::binary_search(decided.begin(), decided.end(), id)) return state_->shared.contains(id);
  return state_->rules.claim.rank > 0 && family.owner != state_->source.program;
}

AddedLabel Planner::added_label(FamilyId id) const {
  const FamilyEntry& family = table_.family(id);
  if (family.per_worker) return {"worker", worker_};
  if (program_.empty()) return {};
  const bool labelled = family.type == metrics::Type::Gauge || is_shared(id);
  return labelled ? AddedLabel{"program", program_} : AddedLabel{};
}

void Planner::take_scalar(FamilyId family, std::uint32_t cell,
                          std::span<const ParsedLabel> labels) {
  label_text_.clear();
  const AddedLabel added = added_label(family);
  if (!labels_.append(labels, "", added, label_text_)) return drop(Drop::InvalidLabel);
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
    const bool room = state_->series_lines + lines <= limits_.series_per_source &&
                      state_->series_bytes + key.size() <= limits_.bytes_per_source();
    if (room && !series) series = table_.add(family, key, lines);
    if (!room || !series) {
      drop(Drop::Limit, lines);
      state_->refused = true;
      return std::nullopt;
    }
    table_.reference(*series);
    state_->series_lines += lines;
    state_->series_bytes += key.size();
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
    lines += entry.layout->bounds.size() + kHistogramExtraLines;
  }
  state_->series_lines = lines;
  state_->series_bytes = 0;
  for (const ScalarEntry& entry : state_->scalars)
    state_->series_bytes += table_.series(entry.series).key->size();
  for (const DistributionEntry& entry : state_->distributions)
    state_->series_bytes += table_.series(entry.series).key->size();
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
  std::set<FamilyId> shared;
  for (const FamilyId family : families) {
    table_.retain(family);
    if (is_shared(family)) shared.insert(family);
  }
  state_->shared = std::move(shared);
  for (const auto& bound : bound_) {
    if (bound && !bound->clash) table_.release(bound->family, now_);
  }
  for (const FamilyId family : std::exchange(state_->families, std::move(families))) {
    table_.release(family, now_);
  }
}

// --- Histograms and summaries, assembled from their lines --------------------------------------

void Planner::take_part(FamilyId family, Role role, std::uint32_t cell,
                        std::span<const ParsedLabel> labels) {
  const bool histogram = table_.family(family).type == metrics::Type::Histogram;
  const std::string_view own = histogram ? "le" : "quantile";
  const std::optional<std::string_view> bound_text = find_label(labels, own);
  const std::optional<double> bound =
      role == Role::Bucket && bound_text ? parse_number(*bound_text) : std::nullopt;
  const bool bad_bound = role == Role::Bucket
                             ? !bound || std::isnan(*bound) || (std::isinf(*bound) && *bound < 0)
                             : bound_text.has_value();
  label_text_.clear();
  if (bad_bound || !labels_.append(labels, own, added_label(family), label_text_)) {
    return drop(Drop::InvalidLabel);
  }
  table_.make_key(family, label_text_, key_);
  Pending& pending = pending_for(family);
  if (role == Role::Bucket && std::isfinite(*bound)) {
    pending.bounds.emplace_back(*bound, cell);
    return;
  }
  std::uint32_t& place = role == Role::Bucket  ? pending.infinity
                         : role == Role::Count ? pending.count
                                               : pending.sum;
  if (place != kNoCell) return drop(Drop::Duplicate);
  place = cell;
}

Planner::Pending& Planner::pending_for(FamilyId family) {
  if (!pending_.empty() && pending_.back().key == key_) return pending_.back();
  const auto [entry, added] = pending_by_key_.emplace(key_, pending_.size());
  if (added) {
    pending_.emplace_back();
    pending_.back().family = family;
    pending_.back().key = key_;
  }
  return pending_[entry->second];
}

LayoutPtr Planner::sort_bounds(Pending& pending) {
  auto& bounds = pending.bounds;
  std::stable_sort(bounds.begin(), bounds.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto last = std::unique(bounds.begin(), bounds.end(),
                                [](const auto& a, const auto& b) { return a.first == b.first; });
  drop(Drop::Duplicate, static_cast<std::uint64_t>(bounds.end() - last));
  bounds.erase(last, bounds.end());
  std::vector<double> values;
  for (const auto& [bound, cell] : bounds)
    values.push_back(bound);
  return layouts_.get(values);
}

void Planner::finish(Pending& pending) {
  if (pending.infinity == kNoCell && pending.count == kNoCell) return drop(Drop::InvalidValue);
  const LayoutPtr layout = sort_bounds(pending);
  const auto lines = static_cast<std::uint32_t>(layout->bounds.size()) + kHistogramExtraLines;
  const std::optional<SeriesId> series = series_for(pending.family, pending.key, lines);
  if (!series) return;
  DistributionEntry entry;
  entry.series = *series;
  entry.layout = layout;
  entry.last = no_counts(layout);
  if (known(*series) && !carry_over(*series, entry)) {
    taken_[*series] = false;  // as if it had disappeared
    drop(Drop::Limit, lines);
    state_->refused = true;
    return;
  }
  for (const auto& [bound, cell] : pending.bounds)
    entry.bucket_cells.push_back(cell);
  entry.infinity_cell = pending.infinity;
  entry.count_cell = pending.count;
  entry.sum_cell = pending.sum;
  state_->distributions.push_back(std::move(entry));
}

bool Planner::carry_over(SeriesId series, DistributionEntry& entry) {
  DistributionEntry& old = old_distributions_[old_place_[series]];
  const std::size_t before = old.layout->bounds.size();
  const std::size_t now = entry.layout->bounds.size();
  const auto lines = static_cast<std::uint32_t>(now) + kHistogramExtraLines;
  if (state_->series_lines - before + now > limits_.series_per_source) return false;
  if (lines > table_.series(series).lines && !table_.resize(series, lines)) return false;
  state_->series_lines = state_->series_lines - before + now;
  entry.last = std::move(old.last);
  entry.good = old.good;
  entry.sum_known = old.sum_known;
  return true;
}

}  // namespace holdfast::supervisor::telemetry
