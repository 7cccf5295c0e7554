// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/histogram_total.hpp"

#include "common/metrics/text.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace holdfast::supervisor::telemetry {
namespace {

// If a series has had more layouts than this, the oldest is projected onto the current one.
constexpr std::size_t kMaxLayouts = 8;

void add_projected(const Counts& from, Counts& to) {
  to.count += from.count;
  to.sum += from.sum;
  to.has_sum = to.has_sum && from.has_sum;
  if (from.layout == to.layout) {
    for (std::size_t i = 0; i < to.buckets.size(); ++i)
      to.buckets[i] += from.buckets[i];
    return;
  }
  const auto& bounds = from.layout->bounds;
  std::size_t below = 0;  // the number of from's bounds that are <= the current bound
  for (std::size_t i = 0; i < to.buckets.size(); ++i) {
    while (below < bounds.size() && bounds[below] <= to.layout->bounds[i])
      ++below;
    if (below > 0) to.buckets[i] += from.buckets[below - 1];
  }
}

}  // namespace

Counts no_counts(const LayoutPtr& layout) {
  return {layout, std::vector<double>(layout->bounds.size(), 0), 0, 0, true};
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

Counts& HistogramTotal::retired_for(const LayoutPtr& layout) {
  for (Counts& part : retired_) {
    if (part.layout == layout) return part;
  }
  return retired_.emplace_back(no_counts(layout));
}

void HistogramTotal::retire(const Counts& counts) {
  add_projected(counts, retired_for(counts.layout));
  if (retired_.size() <= kMaxLayouts) return;
  const Counts oldest = std::move(retired_.front());
  retired_.erase(retired_.begin());
  add_projected(oldest, retired_for(layout_));
}

void HistogramTotal::begin() {
  if (total_.layout == layout_) {
    total_.buckets.assign(layout_->bounds.size(), 0);
    total_.count = 0;
    total_.sum = 0;
    total_.has_sum = true;
  } else {
    total_ = no_counts(layout_);
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
  if (exposed_layout_ == total_.layout) {
    for (std::size_t i = 0; i < total_.buckets.size(); ++i)
      total_.buckets[i] = std::max(total_.buckets[i], exposed_buckets_[i]);
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
