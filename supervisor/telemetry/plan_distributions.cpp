// SPDX-License-Identifier: Apache-2.0
// The part of the planner that puts histograms and summaries together from their lines.
#include "supervisor/telemetry/plan.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::supervisor::telemetry {

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
  if (bad_bound || !labels_.append(labels, own, "", label_text_)) {
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
  entry.last = no_counts(layout);
  if (known(*series)) {
    if (const auto refused = carry_over(*series, layout, entry)) {
      taken_[*series] = false;  // as if it had vanished
      drop(*refused, *refused == Drop::Limit ? lines : 1);
      state_->refused = true;
      return;
    }
  }
  for (const auto& [bound, cell] : pending.bounds)
    entry.bucket_cells.push_back(cell);
  entry.infinity_cell = pending.infinity;
  entry.count_cell = pending.count;
  entry.sum_cell = pending.sum;
  state_->distributions.push_back(std::move(entry));
}

std::optional<Drop> Planner::carry_over(SeriesId series, const LayoutPtr& layout,
                                        DistributionEntry& entry) {
  DistributionEntry& old = old_distributions_[old_place_[series]];
  if (old.last.layout == layout) {
    entry.last = std::move(old.last);
    entry.good = old.good;
    return std::nullopt;
  }
  // The damaged line may be a bucket of this very histogram. Taken for a new one, with fewer
  // bounds, it would be counted twice: now, and when the line is whole again.
  const auto& bounds = old.last.layout->bounds;
  if (state_->bad_lines > 0 && old.good &&
      std::includes(bounds.begin(), bounds.end(), layout->bounds.begin(), layout->bounds.end())) {
    return Drop::InvalidValue;
  }
  const std::size_t before = old.last.layout->bounds.size();
  const std::size_t now = layout->bounds.size();
  const auto lines = static_cast<std::uint32_t>(now) + kHistogramExtraLines;
  if (state_->series_lines - before + now > limits_.series_per_source) return Drop::Limit;
  if (lines > table_.series(series).lines && !table_.resize(series, lines)) return Drop::Limit;
  state_->series_lines = state_->series_lines - before + now;
  if (old.good) {
    table_.series(series).distribution->retire(old.last);
    ++changed_layouts_;
  }
  return std::nullopt;
}

}  // namespace holdfast::supervisor::telemetry
