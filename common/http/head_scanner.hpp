// SPDX-License-Identifier: Apache-2.0
#pragma once

// HeadScanner: finds the end of a request head in bytes as they arrive, and refuses what must not
// reach the more lenient parser: bare LF, obs-fold, too many fields, too long a head or target,
// unknown versions (RFC 9112 sections 2.2, 3 and 5.2). Looks at each byte once, however slowly the
// bytes arrive. Pure; one thread at a time.

#include "common/http/refusal.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace holdfast::http {

inline constexpr std::size_t kMaxFields = 100;           // 431 beyond
inline constexpr std::size_t kMaxTargetBytes = 8 << 10;  // 414 beyond

class HeadScanner {
 public:
  enum class State { NeedMore, Complete, Refused };

  explicit HeadScanner(std::size_t max_head_bytes) : max_head_bytes_(max_head_bytes) {}

  // `bytes`: everything received since the last reset(); only new bytes are examined.
  State scan(std::string_view bytes);
  void reset();

  // The bounds of the complete head, without the empty lines that may precede it.
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return end_; }
  const Refusal& refusal() const { return refusal_; }

 private:
  State refuse(int status, const char* detail);
  std::optional<State> line_ended(std::string_view bytes, std::size_t newline);
  std::optional<State> check_request_line(std::string_view line);

  std::size_t max_head_bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t line_ = 0;      // start of the line being scanned
  std::size_t searched_ = 0;  // no newline between line_ and here
  std::size_t fields_ = 0;
  std::size_t empty_lines_ = 0;
  bool have_request_line_ = false;
  Refusal refusal_;
};

}  // namespace holdfast::http
