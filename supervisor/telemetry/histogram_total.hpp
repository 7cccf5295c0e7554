// SPDX-License-Identifier: Apache-2.0
#pragma once

// The total of one histogram series over all workers, live and dead, whose bucket bounds may
// differ. The exposed bounds are those of the newest worker, or of a live one that has all of them
// and more: some client libraries write a bucket when it is first hit, so a process that has just
// started has fewer. The counts of the others are floor-projected: at bound b, each adds its
// cumulative count at its own largest bound <= b. So shared bounds are exact, and so are those left
// out because nothing has hit them; counts never decrease from one bound to the next or over time,
// and quantiles err on the high side. A summary is treated as a histogram without bounds.
//
// Threads: one at a time.

#include "common/metrics/model.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace holdfast::supervisor::telemetry {

struct Layout {
  std::vector<double> bounds;  // finite, ascending
  // Per metrics::Format, the end of each line: `le="0.1"} ` for every bound and +Inf.
  std::array<std::vector<std::string>, 2> line_ends;
};
using LayoutPtr = std::shared_ptr<const Layout>;  // equal bounds have equal pointers

class LayoutPool {
 public:
  LayoutPtr get(const std::vector<double>& bounds);
  void purge();  // drops unused layouts

 private:
  std::map<std::vector<double>, LayoutPtr> layouts_;
};

// Cumulative counts at the layout's bounds. Some exporters' counts have fractions; whole ones are
// exact up to 2^53.
struct Counts {
  LayoutPtr layout;
  std::vector<double> buckets;
  double count = 0;  // the +Inf bucket
  double sum = 0;
  // OpenMetrics omits it if observations may be negative; of several, all must have one.
  bool has_sum = true;
};

// All counts 0.
Counts no_counts(const LayoutPtr& layout);

// Whether `later` may be what has become of `earlier`, by other bounds perhaps: nothing has
// decreased. Otherwise it is another histogram, that began at 0.
bool continues(const Counts& later, const Counts& earlier);

class HistogramTotal {
 public:
  // Takes the bounds of the worker with this arrival index, unless a newer worker has set them.
  void adopt(const LayoutPtr& layout, std::uint64_t arrival_index);

  // Adds a dead worker's last values permanently.
  void retire(const Counts& counts);

  // Chooses the bounds to expose: show_newest(), then show_wider() for each live worker.
  void show_newest() { shown_ = layout_; }
  void show_wider(const LayoutPtr& layout);

  // Computes the total: begin() with the dead, add() each live worker, then read value().
  void begin();
  void add(const Counts& counts);
  const Counts& value();

  const LayoutPtr& layout() const { return layout_; }  // of the newest worker

 private:
  LayoutPtr layout_;
  LayoutPtr shown_;
  std::uint64_t arrival_index_ = 0;  // of the worker whose bounds are in use
  // By bounds, so that bounds that return (after a rollback) are exact again.
  std::vector<Counts> retired_;
  Counts total_;
  // What value() gave last.
  LayoutPtr exposed_layout_;
  std::vector<double> exposed_buckets_;
  double exposed_count_ = 0;
  double exposed_sum_ = 0;
};

}  // namespace holdfast::supervisor::telemetry
