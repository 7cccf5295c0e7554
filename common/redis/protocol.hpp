// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Redis protocol (RESP 2): commands to bytes, bytes to replies. hiredis does the parsing, and
// only protocol.cpp sees it. Threads: a reader has one owner; the rest is pure.

#include "common/base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::redis {

struct Reply {
  enum class Type { Nil, Integer, Text, Error, Array };
  Type type = Type::Nil;
  std::int64_t integer = 0;
  std::string text;  // of a string, a status or an error
  std::vector<Reply> items;

  bool is_error(std::string_view code) const {  // "NOSCRIPT"
    return type == Type::Error && text.starts_with(code);
  }
};

std::string encode(std::span<const std::string> command);

class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;

  // Beyond these no reply is accepted, whatever it announces: those to this client's commands are
  // far smaller, and a server that was taken over must not fill its clients' memory.
  static constexpr std::size_t kMaxBytes = 64u << 10;
  static constexpr std::size_t kMaxItems = 256;  // of one array

  // Bytes in pieces of any size. DataLoss: a protocol error; the reader is unusable then.
  Result<void> feed(std::string_view bytes);
  // The next complete reply, if any. DataLoss as above.
  Result<std::optional<Reply>> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::redis
