// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/instruments.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <type_traits>

namespace holdfast::metrics {
namespace {

template <class Metric>
constexpr Type kTypeOf = std::is_same_v<Metric, prometheus::Counter> ? Type::Counter
                         : std::is_same_v<Metric, prometheus::Gauge> ? Type::Gauge
                                                                     : Type::Histogram;

template <class Metric>
const Declaration& declared_as(std::string_view name) {
  const Declaration& found = declaration(name);
  if (found.type != kTypeOf<Metric>) {
    throw std::logic_error(fmt::format("metric '{}' is declared with another type", name));
  }
  return found;
}

template <class Metric>
prometheus::Family<Metric>& register_family(prometheus::Registry& registry,
                                            const Declaration& entry) {
  auto builder = [] {
    if constexpr (kTypeOf<Metric> == Type::Counter) {
      return prometheus::BuildCounter();
    } else if constexpr (kTypeOf<Metric> == Type::Gauge) {
      return prometheus::BuildGauge();
    } else {
      return prometheus::BuildHistogram();
    }
  }();
  return builder.Name(std::string(entry.name)).Help(std::string(entry.help)).Register(registry);
}

void check_labels(const Declaration& entry, const prometheus::Labels& labels) {
  const auto names = entry.labels();
  bool same = names.size() == labels.size();
  for (const auto& [name, value] : labels) {
    same = same && std::find(names.begin(), names.end(), name) != names.end();
  }
  if (!same) {
    throw std::logic_error(
        fmt::format("metric '{}' is used with labels that it does not declare", entry.name));
  }
}

}  // namespace

template <class Metric>
Instrument<Metric>::Instrument(prometheus::Registry& registry, std::string_view name)
    : declaration_(declared_as<Metric>(name)),
      family_(register_family<Metric>(registry, declaration_)) {}

template <class Metric>
Metric& Instrument<Metric>::with(const prometheus::Labels& labels) {
  check_labels(declaration_, labels);
  if constexpr (kTypeOf<Metric> == Type::Histogram) {
    return family_.Add(labels, prometheus::Histogram::BucketBoundaries(declaration_.buckets.begin(),
                                                                       declaration_.buckets.end()));
  } else {
    return family_.Add(labels);
  }
}

template class Instrument<prometheus::Counter>;
template class Instrument<prometheus::Gauge>;
template class Instrument<prometheus::Histogram>;

}  // namespace holdfast::metrics
