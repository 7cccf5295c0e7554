// SPDX-License-Identifier: Apache-2.0
#include "common/http/chunk_decoder.hpp"

#include "common/http/head_scanner.hpp"
#include "common/http/syntax.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <algorithm>

namespace holdfast::http {
namespace {

constexpr std::uint64_t kFramingPerByte = 16;
constexpr std::size_t kMaxSizeDigits = 16;  // 64 bits

std::optional<Refusal> malformed(const char* detail) {
  return Refusal{400, detail};
}

}  // namespace

ChunkDecoder::Refused ChunkDecoder::take_line(std::string_view& bytes,
                                              std::optional<std::string_view>& line) {
  const std::size_t newline = bytes.find('\n', searched_);
  if (std::min(newline, bytes.size()) > max_framing_) {
    return Refusal{431, "A chunk line or a trailer field is too large."};
  }
  if (newline == std::string_view::npos) {
    searched_ = bytes.size();
    return std::nullopt;
  }
  searched_ = 0;
  if (newline == 0 || bytes[newline - 1] != '\r') {
    return malformed("A line of the chunked body ends in LF without CR.");
  }
  line = bytes.substr(0, newline - 1);
  if (!is_field_value(*line)) {
    return malformed("A line of the chunked body has a control character.");
  }
  bytes.remove_prefix(newline + 1);
  framing_ += newline + 1;
  return std::nullopt;
}

ChunkDecoder::Refused ChunkDecoder::read_size(std::string_view line) {
  const std::size_t semicolon = line.find(';');
  std::string_view digits = line.substr(0, semicolon);
  // White space may stand before an extension (RFC 9112, 7.1.1), and nowhere else.
  if (semicolon != std::string_view::npos) {
    while (!digits.empty() && (digits.back() == ' ' || digits.back() == '\t'))
      digits.remove_suffix(1);
  }
  const auto size = text::parse_number<decltype(missing_)>(digits, 16);
  if (!size || digits.size() > kMaxSizeDigits) {
    return malformed("A chunk's size is not a hexadecimal number.");
  }
  missing_ = *size;
  if (missing_ > max_body_ - payload_) return Refusal{413, "The request body is too large."};
  payload_ += missing_;
  if (framing_ > max_framing_ + kFramingPerByte * payload_) {
    return Refusal{413, "The chunks of the body are mostly framing."};
  }
  state_ = missing_ == 0 ? State::Trailer : State::Data;
  return std::nullopt;
}

ChunkDecoder::Refused ChunkDecoder::read_trailer(std::string_view line) {
  if (line.empty()) {
    state_ = State::Done;
    return std::nullopt;
  }
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  // is_token() also refuses a folded line: it starts with a blank.
  if (colon == std::string_view::npos || !is_token(name)) {
    return malformed("A trailer field is malformed.");
  }
  for (const std::string_view framing :
       {"Content-Length", "Transfer-Encoding", "Host", "Trailer"}) {
    if (text::equals_ignoring_case(name, framing)) {
      return malformed("A trailer field must not define how the message is read.");
    }
  }
  trailer_bytes_ += line.size() + 2;
  if (++trailers_ > kMaxFields || trailer_bytes_ > max_framing_) {
    return Refusal{431, "The trailer fields are too large."};
  }
  return std::nullopt;
}

ChunkDecoder::Refused ChunkDecoder::read_data_end(std::string_view& bytes) {
  constexpr std::string_view kEnd = "\r\n";
  if (!bytes.starts_with(kEnd.substr(0, bytes.size()))) {
    return malformed("A chunk is longer than its size.");
  }
  if (bytes.size() < kEnd.size()) return std::nullopt;
  bytes.remove_prefix(kEnd.size());
  framing_ += kEnd.size();
  state_ = State::Size;
  return std::nullopt;
}

ChunkDecoder::Fed ChunkDecoder::feed(std::string_view bytes, std::string& body) {
  const std::size_t given = bytes.size();
  Refused refusal;
  // Each round consumes something, ends, or needs more.
  while (state_ != State::Done && !refusal && !bytes.empty()) {
    const std::size_t before = bytes.size();
    std::optional<std::string_view> line;
    switch (state_) {
      case State::Size:
        refusal = take_line(bytes, line);
        if (line && !refusal) refusal = read_size(*line);
        break;
      case State::Data: {
        const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(missing_, before));
        body.append(bytes.substr(0, take));
        bytes.remove_prefix(take);
        missing_ -= take;
        if (missing_ == 0) state_ = State::DataEnd;
        break;
      }
      case State::DataEnd: refusal = read_data_end(bytes); break;
      case State::Trailer:
        refusal = take_line(bytes, line);
        if (line && !refusal) refusal = read_trailer(*line);
        break;
      case State::Done: break;
    }
    if (bytes.size() == before) break;
  }
  return {given - bytes.size(), state_ == State::Done, std::move(refusal)};
}

}  // namespace holdfast::http
