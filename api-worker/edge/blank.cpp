// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/blank.hpp"

#include "common/text/utf8.hpp"

#include <algorithm>
#include <array>

namespace holdfast::api {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// White_Space, Cc, and the Default_Ignorable_Code_Points that stand alone (Unicode 15), with the
// fillers and the empty Braille pattern. In order.
constexpr std::array<Range, 22> kBlank{{
    {0x0000, 0x0020},   {0x007F, 0x00A0},   {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C},
    {0x115F, 0x1160},   {0x1680, 0x1680},   {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2000, 0x200F},
    {0x2028, 0x202F},   {0x205F, 0x206F},   {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164},
    {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
}};

}  // namespace

bool is_blank(char32_t code_point) {
  const auto range =
      std::lower_bound(kBlank.begin(), kBlank.end(), code_point,
                       [](const Range& known, char32_t c) { return known.last < c; });
  return range != kBlank.end() && range->first <= code_point;
}

bool is_blank(std::string_view utf8) {
  return trim_blank(utf8).empty();
}

std::string_view trim_blank(std::string_view utf8) {
  std::size_t begin = 0;
  while (begin < utf8.size()) {
    const auto [value, length] = text::decode_utf8(utf8.substr(begin));
    if (!is_blank(value)) break;
    begin += length;
  }
  utf8.remove_prefix(begin);
  while (!utf8.empty()) {
    std::size_t at = utf8.size() - 1;
    while (at > 0 && text::is_utf8_continuation(utf8[at]))
      --at;
    if (!is_blank(text::decode_utf8(utf8.substr(at)).value)) break;
    utf8.remove_suffix(utf8.size() - at);
  }
  return utf8;
}

}  // namespace holdfast::api
