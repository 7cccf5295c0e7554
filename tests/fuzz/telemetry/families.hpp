// SPDX-License-Identifier: Apache-2.0
#pragma once

// Metric families made of a fuzzer's bytes.
//
// Threads: values.

#include "common/metrics/model.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::fuzz {

// The input, a piece at a time; zeros when it is over.
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

// Names, types, labels and values of any kind, contradictions included.
std::vector<metrics::Family> any_families(Bytes& bytes);

// Such that every sample can be written: names that do not clash, buckets that do not fall, no
// series twice. Help and label values are of any kind.
std::vector<metrics::Family> good_families(Bytes& bytes);

}  // namespace holdfast::fuzz
