// SPDX-License-Identifier: Apache-2.0
#pragma once

// Metric families made from a fuzzer's bytes.
//
// Threads: values.

#include "common/metrics/model.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::fuzz {

// The input, a piece at a time; zeros after its end.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

  bool empty() const { return at_ == end_; }
  std::uint8_t next() { return at_ == end_ ? std::uint8_t{0} : *at_++; }
  std::uint64_t word();
  double number();     // any double, often a plain one
  std::string text();  // up to 40 bytes of any kind

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

// Any names, types, labels and values, including contradictory ones.
std::vector<metrics::Family> any_families(Bytes& bytes);

// Well-formed families, whose samples can all be written: no name clashes, no decreasing buckets,
// no repeated series. Help texts and label values are arbitrary.
std::vector<metrics::Family> good_families(Bytes& bytes);

}  // namespace holdfast::fuzz
