// SPDX-License-Identifier: Apache-2.0
#pragma once

// Provider: turns texts into vectors of unit length whose dot product tells how alike two texts
// are. The queue worker embeds chunks with it and the API embeds the query, so both must be made
// from the same configuration.
//
// Threads: embed may be called from several threads at once.

#include "common/base/result.hpp"
#include "common/config/config.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace holdfast::embedding {

class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::string_view name() const = 0;  // "hashing": the value of the metrics' label
  virtual std::uint32_t dimensions() const = 0;
  // The cosines of texts that have nothing, and everything, in common, as far as they tell: below
  // the first a search takes a text for unrelated.
  struct Scale {
    double unrelated = 0;
    double same = 1;
  };
  virtual Scale scale() const { return {0.1, 0.7}; }
  // One vector per text, in order. Never a zero vector, not even for an empty text.
  // Errors: Unavailable or DeadlineExceeded (trying again may help); InvalidArgument (it cannot).
  virtual Result<std::vector<std::vector<float>>> embed(
      std::span<const std::string_view> texts) = 0;
};

// InvalidArgument for an unknown provider or impossible dimensions; the message names the choices.
Result<std::unique_ptr<Provider>> make_provider(const config::Embedding& config);

}  // namespace holdfast::embedding
