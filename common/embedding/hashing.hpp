// SPDX-License-Identifier: Apache-2.0
#pragma once

// The built-in provider: deterministic, offline, needs no model. It is lexical, not semantic: two
// texts are alike when they share words or parts of words.
//
// Method: feature hashing with a sign (Weinberger et al., "Feature Hashing for Large Scale
// Multitask Learning", ICML 2009). Features are stems of lower-cased words and the character 3- to
// 5-grams of "<word>" (Bojanowski et al., "Enriching Word Vectors with Subword Information", TACL
// 2017). A feature seen n times weighs 1 + ln n (Manning et al., "Introduction to Information
// Retrieval", 6.4.1); English stop words weigh little and have no n-grams. The sum is scaled to
// unit length.
//
// Stored vectors outlive the process, so the hash is our own and fixed: FNV-1a 64 taking a
// code point at a time (after draft-eastlake-fnv), then the 64-bit finaliser of MurmurHash3 (A.
// Appleby, public domain). Changing anything here makes stored vectors and new queries disagree:
// the golden test says so.
//
// Threads: any, at once; it keeps no state.

#include "common/embedding/provider.hpp"

namespace holdfast::embedding {

constexpr std::uint32_t kMinDimensions = 8;
constexpr std::uint32_t kMaxDimensions = 16384;

class HashingProvider final : public Provider {
 public:
  explicit HashingProvider(std::uint32_t dimensions) : dimensions_(dimensions) {}

  std::string_view name() const override { return "hashing"; }
  std::uint32_t dimensions() const override { return dimensions_; }
  Scale scale() const override { return {0.15, 0.75}; }
  std::string space() const override { return fmt::format("hashing/{}", dimensions_); }
  Result<Vectors> embed(std::span<const std::string_view> texts, const EmbedCall& call) override;

 private:
  std::uint32_t dimensions_;
};

}  // namespace holdfast::embedding
