// SPDX-License-Identifier: Apache-2.0
#include "common/log/escape.hpp"

#include "common/text/json_escape.hpp"
#include "common/text/utf8.hpp"

namespace holdfast::log {

bool append_escaped(Buffer& out, std::string_view text, std::size_t limit) {
  constexpr std::string_view kCut = "\xE2\x80\xA6";  // "…"
  const auto append = [&out](std::string_view part) { out.append(part.begin(), part.end()); };
  const bool whole = text::escape_json(text, [&](std::string_view piece, bool literal) {
    const std::size_t used = out.size() + kCut.size();
    const std::size_t room = limit > used ? limit - used : 0;
    if (piece.size() <= room) {
      append(piece);
      return true;
    }
    if (literal) append(text::truncate_utf8(piece, room));
    return false;
  });
  if (!whole) append(kCut);
  return whole;
}

}  // namespace holdfast::log
