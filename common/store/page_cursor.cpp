// SPDX-License-Identifier: Apache-2.0
#include "common/store/page_cursor.hpp"

#include <charconv>

namespace holdfast::store {

namespace {
constexpr std::string_view kCursorPrefix = "d1-";  // what it lists, and the version of the format
}

std::string format_page_cursor(std::int64_t seq) {
  return fmt::format("{}{:x}", kCursorPrefix, seq);
}

Result<std::int64_t> parse_page_cursor(std::string_view cursor) {
  std::int64_t seq = 0;
  if (cursor.starts_with(kCursorPrefix)) {
    const char* const begin = cursor.data() + kCursorPrefix.size();
    const char* const end = cursor.data() + cursor.size();
    const auto parsed = std::from_chars(begin, end, seq, 16);
    // Only what format_page_cursor() writes: "d1-00a" or "d1-A" came from elsewhere.
    if (parsed.ec == std::errc{} && parsed.ptr == end && seq > 0 &&
        format_page_cursor(seq) == cursor) {
      return seq;
    }
  }
  return fail(ErrorKind::InvalidArgument, "the cursor is not one that a listing returned");
}

}  // namespace holdfast::store
