// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inflater: unfolds a gzip body (RFC 1952) as it arrives, in small steps, and stops at a bomb: at
// more bytes than the body may have, and at more than kMaxRatio times those that came. Text and
// JSON shrink to a tenth, seldom to a hundredth; what shrinks to a thousandth is made for that.
// Several members in a row are one body, and the checksums count.
//
// No I/O; one thread at a time.

#include "common/http/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::http {

class Inflater {
 public:
  // What zlib holds while a body is being unfolded.
  static constexpr std::size_t kMemory = 44u << 10;
  // The most that one call of feed() appends.
  static constexpr std::size_t kStep = 64u << 10;
  // As Apache's mod_deflate has it. Small bodies may shrink as much as they like.
  static constexpr std::uint64_t kMaxRatio = 200;
  static constexpr std::uint64_t kAnyRatio = 64u << 10;  // bytes

  // `max_body`: unfolded bytes, 413 beyond.
  explicit Inflater(std::uint64_t max_body);
  ~Inflater();

  struct Fed {
    std::size_t consumed = 0;
    bool more = false;  // call again, even without bytes: not all of the output is there yet
    std::optional<Refusal> refusal;
  };
  // Appends to `body`.
  Fed feed(std::string_view bytes, std::string& body);
  // Nothing more comes: why that cannot be, if it cannot.
  std::optional<Refusal> finish() const;

 private:
  struct Stream;

  std::unique_ptr<Stream> stream_;
  const std::uint64_t max_body_;
  std::uint64_t in_ = 0;
  std::uint64_t out_ = 0;
  bool whole_ = false;  // a member has ended, and the next has not begun
};

}  // namespace holdfast::http
