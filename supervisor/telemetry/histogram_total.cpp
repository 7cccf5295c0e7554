// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/histogram_total.hpp"

#include "common/metrics/text.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace holdfast::supervisor::telemetry {
namespace {

// If a series has had more layouts than this, the oldest is projected onto the newest one.
constexpr std::size_t kMaxLayouts = 8;

// The number of the bounds that are <= this one; at least `known` are.
std::size_t bounds_upto(const std::vector<double>& bounds, double bound, std::size_t known) {
  while (known < bounds.size() && bounds[known] <= bound)
    ++known;
  return known;
}

void add_projected(const Counts& from, Counts& to) {
  to.count += from.count;
  to.sum += from.sum;
  to.has_sum = to.has_sum && from.has_sum;
  if (from.layout == to.layout) {
    for (std::size_t i = 0; i < to.buckets.size(); ++i)
      to.buckets[i] += from.buckets[i];
    return;
  }
  std::size_t below = 0;
  for (std::size_t i = 0; i < to.buckets.size(); ++i) {
    below = bounds_upto(from.layout->bounds, to.layout->bounds[i], below);
    if (below > 0) to.buckets[i] += from.buckets[below - 1];
  }
}

bool includes(const LayoutPtr& layout, const LayoutPtr& other) {
  const auto& all = layout->bounds;
  const auto& some = other->bounds;
  return layout == other || (all.size() > some.size() &&
                             std::includes(all.begin(), all.end(), some.begin(), some.end()));
}

}  // namespace

Counts no_counts(const LayoutPtr& layout) {
  return {layout, std::vector<double>(layout->bounds.size(), 0), 0, 0, true};
}

bool continues(const Counts& later, const Counts& earlier) {
  std::size_t below = 0;
  for (std::size_t i = 0; i < later.buckets.size(); ++i) {
    below = bounds_upto(earlier.layout->bounds, later.layout->bounds[i], below);
    if (below > 0 && later.buckets[i] < earlier.buckets[below - 1]) return false;
  }
  return later.count >= earlier.count;
}

LayoutPtr LayoutPool::get(const std::vector<double>& bounds) {
  LayoutPtr& entry = layouts_[bounds];
  if (entry) return entry;
  auto layout = std::make_shared<Layout>();
  layout->bounds = bounds;
  std::vector<double> all = bounds;
  all.push_back(std::numeric_limits<double>::infinity());
  for (const auto format : {metrics::Format::Text004, metrics::Format::OpenMetrics100}) {
    for (const double bound : all) {
      std::string end = "le=\"";
      metrics::append_bound(end, bound, format);
      layout->line_ends[static_cast<std::size_t>(format)].push_back(end + "\"} ");
    }
  }
  entry = std::move(layout);
  return entry;
}

void LayoutPool::purge() {
  std::erase_if(layouts_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

void HistogramTotal::adopt(const LayoutPtr& layout, std::uint64_t arrival_index) {
  if (layout_ && arrival_index < arrival_index_) return;
  layout_ = layout;
  arrival_index_ = arrival_index;
}

// Bounds among others that include them lose nothing: a count at its largest bound <= b is the
// same.
void HistogramTotal::retire(const Counts& counts) {
  for (Counts& part : retired_) {
    if (includes(part.layout, counts.layout)) return add_projected(counts, part);
  }
  Counts wider = counts;
  std::erase_if(retired_, [&](const Counts& part) {
    if (!includes(wider.layout, part.layout)) return false;
    add_projected(part, wider);
    return true;
  });
  retired_.push_back(std::move(wider));
  if (retired_.size() <= kMaxLayouts) return;
  Counts oldest = no_counts(layout_);
  add_projected(retired_.front(), oldest);
  retired_.erase(retired_.begin());
  retire(oldest);
}

void HistogramTotal::show_wider(const LayoutPtr& layout) {
  if (layout != shown_ && includes(layout, shown_)) shown_ = layout;
}

void HistogramTotal::begin() {
  if (total_.layout == shown_) {
    total_.buckets.assign(shown_->bounds.size(), 0);
    total_.count = 0;
    total_.sum = 0;
    total_.has_sum = true;
  } else {
    total_ = no_counts(shown_);
  }
  for (const Counts& part : retired_)
    add_projected(part, total_);
}

void HistogramTotal::add(const Counts& counts) {
  add_projected(counts, total_);
}

const Counts& HistogramTotal::value() {
  // Retiring a worker changes the order of additions and so the last bits of the sum, and of counts
  // with fractions, which must not look like a decrease. With negative observations a sum may
  // really decrease.
  if (exposed_layout_) {
    const auto& bounds = exposed_layout_->bounds;
    std::size_t below = 0;
    for (std::size_t i = 0; i < total_.buckets.size(); ++i) {
      below = bounds_upto(bounds, total_.layout->bounds[i], below);
      if (below > 0) total_.buckets[i] = std::max(total_.buckets[i], exposed_buckets_[below - 1]);
    }
    total_.count = std::max(total_.count, exposed_count_);
  }
  exposed_layout_ = total_.layout;
  exposed_buckets_ = total_.buckets;
  exposed_count_ = total_.count;
  if (!total_.has_sum) return total_;
  const double slack = std::abs(exposed_sum_) * 1e-12;
  if (total_.sum < exposed_sum_ && exposed_sum_ - total_.sum <= slack) total_.sum = exposed_sum_;
  exposed_sum_ = total_.sum;
  return total_;
}

}  // namespace holdfast::supervisor::telemetry
