// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/telemetry/families.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <set>

namespace holdfast::fuzz {

using namespace metrics;

namespace {

constexpr std::size_t kMaxFamilies = 6;
constexpr std::size_t kMaxSamples = 5;
constexpr std::size_t kMaxLabels = 4;
constexpr std::size_t kMaxBuckets = 5;

// Names that collide with each other.
constexpr std::array kNames{"a",       "a_total", "a_total_total", "a_created", "a_created_total",
                            "a_count", "a_sum",   "a_bucket",      "a_info",    "a_count_total",
                            "b:c",     "_total",  "holdfast_ready"};
constexpr std::array kLabels{"le", "quantile", "x", "y", "x", "__name__", "worker", "0"};

Type type_of(std::uint8_t byte) {
  return static_cast<Type>(byte % 5);
}

HistogramValue any_histogram(Bytes& bytes) {
  HistogramValue value;
  for (std::size_t n = bytes.next() % kMaxBuckets; n > 0; --n)
    value.buckets.push_back({bytes.number(), bytes.next() % 4U == 0 ? bytes.word() : bytes.next()});
  value.count = bytes.next() % 4U == 0 ? bytes.word() : bytes.next();
  value.sum = bytes.number();
  return value;
}

SummaryValue any_summary(Bytes& bytes) {
  SummaryValue value;
  for (std::size_t n = bytes.next() % kMaxBuckets; n > 0; --n)
    value.quantiles.push_back({bytes.number(), bytes.number()});
  value.count = bytes.next();
  value.sum = bytes.number();
  return value;
}

HistogramValue good_histogram(Bytes& bytes) {
  HistogramValue value;
  std::set<double> bounds;
  for (std::size_t n = bytes.next() % kMaxBuckets; n > 0; --n) {
    if (const double bound = bytes.number(); std::isfinite(bound)) bounds.insert(bound);
  }
  for (const double bound : bounds)
    value.buckets.push_back({bound, value.count += bytes.next()});
  value.count += bytes.next();
  value.sum = bytes.number();
  return value;
}

SummaryValue good_summary(Bytes& bytes) {
  SummaryValue value;
  std::set<double> quantiles;
  for (std::size_t n = bytes.next() % kMaxBuckets; n > 0; --n)
    quantiles.insert(bytes.next() / 255.0);
  for (const double quantile : quantiles)
    value.quantiles.push_back({quantile, bytes.number()});
  value.count = bytes.next();
  value.sum = bytes.number();
  return value;
}

}  // namespace

std::uint64_t Bytes::word() {
  std::uint64_t word = 0;
  for (int i = 0; i < 8; ++i)
    word = word << 8 | next();
  return word;
}

double Bytes::number() {
  constexpr std::array kSpecial{0.0,    -0.0,  1e15, -1e15, 0.1,  1e-7,      1e308,
                                5e-324, 1e300, -1.0, 0.5,   1e21, 123456.75, 9007199254740993.0};
  const std::uint8_t kind = next();
  if (kind < kSpecial.size()) return kSpecial[kind];
  if (kind == 16) return NAN;
  if (kind == 17) return INFINITY;
  if (kind == 18) return -INFINITY;
  if (kind < 128) return next() / (1.0 + kind % 8);
  const std::uint64_t bits = word();
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::string Bytes::text() {
  std::string text;
  for (std::size_t n = next() % 41; n > 0 && !empty(); --n)
    text += static_cast<char>(next());
  return text;
}

std::vector<Family> any_families(Bytes& bytes) {
  std::vector<Family> families;
  while (!bytes.empty() && families.size() < kMaxFamilies) {
    Family& family = families.emplace_back();
    const std::uint8_t name = bytes.next();
    family.name = name < 200 ? kNames[name % kNames.size()] : bytes.text();
    family.help = bytes.text();
    family.type = type_of(bytes.next());
    for (std::size_t n = bytes.next() % kMaxSamples; n > 0; --n) {
      FamilySample& sample = family.samples.emplace_back();
      for (std::size_t l = bytes.next() % kMaxLabels; l > 0; --l) {
        const std::uint8_t label = bytes.next();
        sample.labels.push_back(
            {label < 200 ? kLabels[label % kLabels.size()] : bytes.text(), bytes.text()});
      }
      const std::uint8_t kind = bytes.next();
      const Type type = kind < 200 ? family.type : type_of(kind);
      if (type == Type::Histogram) {
        sample.value = any_histogram(bytes);
      } else if (type == Type::Summary) {
        sample.value = any_summary(bytes);
      } else {
        sample.value = bytes.number();
      }
    }
  }
  return families;
}

std::vector<Family> good_families(Bytes& bytes) {
  std::vector<Family> families;
  while (!bytes.empty() && families.size() < kMaxFamilies) {
    Family& family = families.emplace_back();
    family.type = type_of(bytes.next());
    family.name = "f" + std::to_string(families.size()) + (bytes.next() % 2 == 0 ? "_total" : "_s");
    family.help = bytes.text();
    for (std::size_t n = bytes.next() % kMaxSamples; n > 0; --n) {
      FamilySample& sample = family.samples.emplace_back();
      for (std::size_t l = bytes.next() % kMaxLabels; l > 0; --l)
        sample.labels.push_back({"l" + std::to_string(l), bytes.text()});
      sample.labels.push_back({"n", std::to_string(n)});
      if (family.type == Type::Histogram) {
        sample.value = good_histogram(bytes);
      } else if (family.type == Type::Summary) {
        sample.value = good_summary(bytes);
      } else {
        const double number = bytes.number();
        const bool counter = family.type == Type::Counter;
        sample.value = counter && !(number >= 0) ? 0.0 : number;
      }
    }
  }
  return families;
}

}  // namespace holdfast::fuzz
