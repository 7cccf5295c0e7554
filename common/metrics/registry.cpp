// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/registry.hpp"

#include "common/metrics/exposition.hpp"

#include <prometheus/registry.h>

#include <cmath>
#include <utility>

namespace holdfast::metrics {
namespace {

Type type_of(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter: return Type::Counter;
    case prometheus::MetricType::Gauge: return Type::Gauge;
    case prometheus::MetricType::Histogram: return Type::Histogram;
    case prometheus::MetricType::Summary: return Type::Summary;
    case prometheus::MetricType::Untyped: break;
  }
  return Type::Untyped;
}

HistogramValue histogram_of(const prometheus::ClientMetric::Histogram& from) {
  HistogramValue to;
  to.count = from.sample_count;
  to.sum = from.sample_sum;
  for (const auto& bucket : from.bucket) {
    if (std::isinf(bucket.upper_bound)) continue;  // the writer adds +Inf from the count
    to.buckets.push_back({bucket.upper_bound, bucket.cumulative_count});
  }
  return to;
}

SummaryValue summary_of(const prometheus::ClientMetric::Summary& from) {
  SummaryValue to;
  to.count = from.sample_count;
  to.sum = from.sample_sum;
  for (const auto& quantile : from.quantile) {
    to.quantiles.push_back({quantile.quantile, quantile.value});
  }
  return to;
}

FamilySample sample_of(prometheus::ClientMetric&& metric, Type type) {
  FamilySample sample;
  sample.labels.reserve(metric.label.size());
  for (auto& label : metric.label)
    sample.labels.push_back({std::move(label.name), std::move(label.value)});
  switch (type) {
    case Type::Counter: sample.value = metric.counter.value; break;
    case Type::Gauge: sample.value = metric.gauge.value; break;
    case Type::Histogram: sample.value = histogram_of(metric.histogram); break;
    case Type::Summary: sample.value = summary_of(metric.summary); break;
    case Type::Untyped: sample.value = metric.untyped.value; break;
  }
  return sample;
}

}  // namespace

std::vector<Family> collect(const prometheus::Registry& registry) {
  std::vector<Family> families;
  std::vector<prometheus::MetricFamily> collected = registry.Collect();  // a copy, ours to take
  for (prometheus::MetricFamily& from : collected) {
    Family& to = families.emplace_back();
    to.name = std::move(from.name);
    to.help = std::move(from.help);
    to.type = type_of(from.type);
    to.samples.reserve(from.metric.size());
    for (auto& metric : from.metric)
      to.samples.push_back(sample_of(std::move(metric), to.type));
  }
  return families;
}

void write_text(const prometheus::Registry& registry, std::string& out) {
  write_text(collect(registry), Format::Text004, out);
}

}  // namespace holdfast::metrics
