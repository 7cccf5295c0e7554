// SPDX-License-Identifier: Apache-2.0
#pragma once

// ChunkDecoder: the chunked transfer coding of RFC 9112, 7.1, for requests. Stricter than the RFC
// where two readers could disagree: no bare CR or LF anywhere in the framing (Beast accepts one in
// a quoted extension), no blanks around a size, no folded trailers. Extensions are skipped and
// trailers dropped (RFC 9110, 6.5.1), both within limits.
// Looks at each byte once, however slowly the bytes arrive. Pure; one thread at a time.

#include "common/http/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::http {

class ChunkDecoder {
 public:
  // `max_body`: decoded bytes of all feeds together, 413 beyond. `max_framing`: of one chunk line
  // and of all trailers, 431 beyond; also what framing may cost on top of 16 bytes for each byte of
  // the body, 413 beyond (else a small body could be stretched over gigabytes of extensions).
  ChunkDecoder(std::uint64_t max_body, std::uint64_t max_framing)
      : max_body_(max_body), max_framing_(max_framing) {}

  struct Fed {
    std::size_t consumed = 0;
    bool done = false;
    std::optional<Refusal> refusal;
  };
  // Appends decoded bytes to `body`, which may be another one each time. Bytes not consumed must be
  // passed again, followed by more.
  Fed feed(std::string_view bytes, std::string& body);

 private:
  enum class State { Size, Data, DataEnd, Trailer, Done };
  using Refused = std::optional<Refusal>;

  Refused take_line(std::string_view& bytes, std::optional<std::string_view>& line);
  Refused read_size(std::string_view line);
  Refused read_trailer(std::string_view line);
  Refused read_data_end(std::string_view& bytes);

  std::uint64_t max_body_;
  std::uint64_t max_framing_;
  State state_ = State::Size;
  std::size_t searched_ = 0;   // unconsumed bytes known to have no newline
  std::uint64_t missing_ = 0;  // bytes left in the current chunk
  std::uint64_t payload_ = 0;  // bytes of all chunks, the current one in full
  std::uint64_t framing_ = 0;
  std::uint64_t trailer_bytes_ = 0;
  std::size_t trailers_ = 0;
};

}  // namespace holdfast::http
