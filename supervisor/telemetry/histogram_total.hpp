// SPDX-License-Identifier: Apache-2.0
#pragma once

// The total of one histogram series over all workers, living and dead, whose bucket bounds may
// differ. The exposed bounds are those of the newest worker; what others counted is
// floor-projected: at bound b it adds its cumulative count at its own largest bound <= b. Hence
// shared bounds are exact, counts never fall from one bound to the next, a bound's count never
// falls in time, and quantiles err high. A summary is a histogram without bounds.
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
  // `le="0.1"} ` for every bound and +Inf, per metrics::Format: what a line ends with.
  std::array<std::vector<std::string>, 2> line_ends;
};
using LayoutPtr = std::shared_ptr<const Layout>;  // equal bounds, equal pointer

class LayoutPool {
 public:
  LayoutPtr get(const std::vector<double>& bounds);
  void purge();  // forgets layouts that nobody uses

 private:
  std::map<std::vector<double>, LayoutPtr> layouts_;
};

// Cumulative counts at the layout's bounds.
struct Counts {
  LayoutPtr layout;
  std::vector<std::uint64_t> buckets;
  std::uint64_t count = 0;  // the +Inf bucket
  double sum = 0;
  bool has_sum = true;  // OpenMetrics leaves it out when observations may be negative
};

// Nothing counted yet at these bounds.
Counts no_counts(const LayoutPtr& layout);

class HistogramTotal {
 public:
  // The bounds of the worker that came `order`-th; ignored if a newer one has set them.
  void adopt(const LayoutPtr& layout, std::uint64_t order);

  // Folds a dead worker's last values in, for ever.
  void retire(const Counts& counts);

  // The total now: start with the dead, add the living one by one, then read value().
  void begin();
  void add(const Counts& counts);
  const Counts& value();

  const LayoutPtr& layout() const { return layout_; }

 private:
  Counts& retired_for(const LayoutPtr& layout);

  LayoutPtr layout_;
  std::uint64_t order_ = 0;
  // By bounds, so that a bound that comes back (a rolled-back deployment) is exact again.
  std::vector<Counts> retired_;
  Counts total_;
  double exposed_sum_ = 0;
};

}  // namespace holdfast::supervisor::telemetry
