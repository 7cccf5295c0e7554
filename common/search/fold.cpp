// SPDX-License-Identifier: Apache-2.0
#include "common/search/fold.hpp"

#include "common/search/letters.hpp"

#include <algorithm>
#include <array>

namespace holdfast::search {

namespace {

// The base letter of each character of a block: the first of its canonical decomposition, and for
// the letters without one (ø, ł and their like) the one that people type instead.
constexpr std::u32string_view kLatin =  // U+00C0 to U+024F
    U"aaaaaaaceeeeiiiidnooooo×ouuuuytsaaaaaaaceeeeiiiidnooooo÷ouuuuyty"
    U"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiĳĳjjkkĸllllllŀ"
    U"ŀllnnnnnnnŋŋoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzſ"
    U"ƀɓƃƃƅƅɔƈƈɖɗƌƌƍǝəɛƒƒɠɣƕɩɨƙƙƚƛɯɲƞɵooƣƣƥƥʀƨƨʃƪƫƭƭʈuuʊʋƴƴƶƶʒƹƹƺƻƽƽƾƿ"
    U"ǀǁǂǃǆǆǆǉǉǉǌǌǌaaiioouuuuuuuuuuǝaaaaææǥǥggkkooooʒʒjǳǳǳggƕƿnnaaææøø"
    U"aaaaeeeeiiiioooorrrruuuussttȝȝhhƞȡȣȣȥȥaaeeooooooooyyȴȵȶȷȸȹⱥȼȼƚⱦȿ"
    U"ɀɂɂƀʉʌɇɇɉɉɋɋɍɍɏɏ";
constexpr std::u32string_view kLatinAdditional =  // U+1E00 to U+1EFF
    U"aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
    U"mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
    U"wwwwwwwwwwxxxxyyzzzzzzhtwyẚſẜẝsẟaaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
    U"eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyyỻỻỽỽỿỿ";
constexpr std::u32string_view kGreek =  // U+0370 to U+03FF
    U"ͱͱͳͳʹ͵ͷͷ"
    U"\u0378"
    U"\u0379ͺͻͼͽ;ϳ"
    U"\u0380"
    U"\u0381"
    U"\u0382"
    U"\u0383΄΅α·εηι"
    U"\u038bο"
    U"\u038dυωιαβγδεζηθικλμνξοπρ"
    U"\u03a2στυφχψωιυαεηι"
    U"υαβγδεζηθικλμνξοπρσστυφχψωιυουωϗϐϑϒϒϒϕϖϗϙϙϛϛϝϝϟϟϡϡϣϣϥϥϧϧϩϩϫϫϭϭϯϯ"
    U"ϰϱϲϳθϵ϶ϸϸϲϻϻϼͻͼͽ";
constexpr std::u32string_view kGreekExtended =  // U+1F00 to U+1FFF
    U"ααααααααααααααααεεεεεε"
    U"\u1f16"
    U"\u1f17εεεεεε"
    U"\u1f1e"
    U"\u1f1fηηηηηηηηηηηηηηηηιιιιιιιιιιιιιιιι"
    U"οοοοοο"
    U"\u1f46"
    U"\u1f47οοοοοο"
    U"\u1f4e"
    U"\u1f4fυυυυυυυυ"
    U"\u1f58υ"
    U"\u1f5aυ"
    U"\u1f5cυ"
    U"\u1f5eυωωωωωωωωωωωωωωωωααεεηηιιοουυωω"
    U"\u1f7e"
    U"\u1f7f"
    U"ααααααααααααααααηηηηηηηηηηηηηηηηωωωωωωωωωωωωωωωωααααα"
    U"\u1fb5ααααααα᾽ι᾿"
    U"῀῁ηηη"
    U"\u1fc5ηηεεηηη῍῎῏ιιιι"
    U"\u1fd4"
    U"\u1fd5ιιιιιι"
    U"\u1fdc῝῞῟υυυυρρυυυυυυρ῭΅`"
    U"\u1ff0"
    U"\u1ff1ωωω"
    U"\u1ff5ωωοοωωω´῾"
    U"\u1fff";

static_assert(kLatin.size() == 0x190 && kLatinAdditional.size() == 0x100);
static_assert(kGreek.size() == 0x90 && kGreekExtended.size() == 0x100);

struct Pair {
  char32_t letter;
  char32_t mark;
  char32_t both;
};
// Sorted by letter and mark.
constexpr Pair kPairs[] = {
    Pair{0x61, 0x300, 0xE0},     Pair{0x61, 0x301, 0xE1},      Pair{0x61, 0x302, 0xE2},
    Pair{0x61, 0x303, 0xE3},     Pair{0x61, 0x304, 0x101},     Pair{0x61, 0x306, 0x103},
    Pair{0x61, 0x308, 0xE4},     Pair{0x61, 0x309, 0x1EA3},    Pair{0x61, 0x30A, 0xE5},
    Pair{0x61, 0x30C, 0x1CE},    Pair{0x61, 0x323, 0x1EA1},    Pair{0x61, 0x325, 0x1E01},
    Pair{0x61, 0x328, 0x105},    Pair{0x62, 0x307, 0x1E03},    Pair{0x62, 0x323, 0x1E05},
    Pair{0x62, 0x331, 0x1E07},   Pair{0x63, 0x301, 0x107},     Pair{0x63, 0x302, 0x109},
    Pair{0x63, 0x307, 0x10B},    Pair{0x63, 0x30C, 0x10D},     Pair{0x63, 0x327, 0xE7},
    Pair{0x64, 0x307, 0x1E0B},   Pair{0x64, 0x30C, 0x10F},     Pair{0x64, 0x323, 0x1E0D},
    Pair{0x64, 0x327, 0x1E11},   Pair{0x64, 0x32D, 0x1E13},    Pair{0x64, 0x331, 0x1E0F},
    Pair{0x65, 0x300, 0xE8},     Pair{0x65, 0x301, 0xE9},      Pair{0x65, 0x302, 0xEA},
    Pair{0x65, 0x303, 0x1EBD},   Pair{0x65, 0x304, 0x113},     Pair{0x65, 0x306, 0x115},
    Pair{0x65, 0x307, 0x117},    Pair{0x65, 0x308, 0xEB},      Pair{0x65, 0x309, 0x1EBB},
    Pair{0x65, 0x30C, 0x11B},    Pair{0x65, 0x323, 0x1EB9},    Pair{0x65, 0x328, 0x119},
    Pair{0x65, 0x32D, 0x1E19},   Pair{0x65, 0x330, 0x1E1B},    Pair{0x66, 0x307, 0x1E1F},
    Pair{0x67, 0x302, 0x11D},    Pair{0x67, 0x304, 0x1E21},    Pair{0x67, 0x306, 0x11F},
    Pair{0x67, 0x307, 0x121},    Pair{0x67, 0x327, 0x123},     Pair{0x68, 0x302, 0x125},
    Pair{0x68, 0x307, 0x1E23},   Pair{0x68, 0x308, 0x1E27},    Pair{0x68, 0x323, 0x1E25},
    Pair{0x68, 0x327, 0x1E29},   Pair{0x68, 0x32E, 0x1E2B},    Pair{0x68, 0x331, 0x1E96},
    Pair{0x69, 0x300, 0xEC},     Pair{0x69, 0x301, 0xED},      Pair{0x69, 0x302, 0xEE},
    Pair{0x69, 0x303, 0x129},    Pair{0x69, 0x304, 0x12B},     Pair{0x69, 0x306, 0x12D},
    Pair{0x69, 0x308, 0xEF},     Pair{0x69, 0x309, 0x1EC9},    Pair{0x69, 0x30C, 0x1D0},
    Pair{0x69, 0x323, 0x1ECB},   Pair{0x69, 0x328, 0x12F},     Pair{0x69, 0x330, 0x1E2D},
    Pair{0x6A, 0x302, 0x135},    Pair{0x6B, 0x301, 0x1E31},    Pair{0x6B, 0x323, 0x1E33},
    Pair{0x6B, 0x327, 0x137},    Pair{0x6B, 0x331, 0x1E35},    Pair{0x6C, 0x301, 0x13A},
    Pair{0x6C, 0x30C, 0x13E},    Pair{0x6C, 0x323, 0x1E37},    Pair{0x6C, 0x327, 0x13C},
    Pair{0x6C, 0x32D, 0x1E3D},   Pair{0x6C, 0x331, 0x1E3B},    Pair{0x6D, 0x301, 0x1E3F},
    Pair{0x6D, 0x307, 0x1E41},   Pair{0x6D, 0x323, 0x1E43},    Pair{0x6E, 0x301, 0x144},
    Pair{0x6E, 0x303, 0xF1},     Pair{0x6E, 0x307, 0x1E45},    Pair{0x6E, 0x30C, 0x148},
    Pair{0x6E, 0x323, 0x1E47},   Pair{0x6E, 0x327, 0x146},     Pair{0x6E, 0x32D, 0x1E4B},
    Pair{0x6E, 0x331, 0x1E49},   Pair{0x6F, 0x300, 0xF2},      Pair{0x6F, 0x301, 0xF3},
    Pair{0x6F, 0x302, 0xF4},     Pair{0x6F, 0x303, 0xF5},      Pair{0x6F, 0x304, 0x14D},
    Pair{0x6F, 0x306, 0x14F},    Pair{0x6F, 0x308, 0xF6},      Pair{0x6F, 0x309, 0x1ECF},
    Pair{0x6F, 0x30B, 0x151},    Pair{0x6F, 0x30C, 0x1D2},     Pair{0x6F, 0x323, 0x1ECD},
    Pair{0x70, 0x301, 0x1E55},   Pair{0x70, 0x307, 0x1E57},    Pair{0x72, 0x301, 0x155},
    Pair{0x72, 0x307, 0x1E59},   Pair{0x72, 0x30C, 0x159},     Pair{0x72, 0x323, 0x1E5B},
    Pair{0x72, 0x327, 0x157},    Pair{0x72, 0x331, 0x1E5F},    Pair{0x73, 0x301, 0x15B},
    Pair{0x73, 0x302, 0x15D},    Pair{0x73, 0x307, 0x1E61},    Pair{0x73, 0x30C, 0x161},
    Pair{0x73, 0x323, 0x1E63},   Pair{0x73, 0x326, 0x219},     Pair{0x73, 0x327, 0x15F},
    Pair{0x74, 0x307, 0x1E6B},   Pair{0x74, 0x308, 0x1E97},    Pair{0x74, 0x30C, 0x165},
    Pair{0x74, 0x323, 0x1E6D},   Pair{0x74, 0x326, 0x21B},     Pair{0x74, 0x327, 0x163},
    Pair{0x74, 0x32D, 0x1E71},   Pair{0x74, 0x331, 0x1E6F},    Pair{0x75, 0x300, 0xF9},
    Pair{0x75, 0x301, 0xFA},     Pair{0x75, 0x302, 0xFB},      Pair{0x75, 0x303, 0x169},
    Pair{0x75, 0x304, 0x16B},    Pair{0x75, 0x306, 0x16D},     Pair{0x75, 0x308, 0xFC},
    Pair{0x75, 0x309, 0x1EE7},   Pair{0x75, 0x30A, 0x16F},     Pair{0x75, 0x30B, 0x171},
    Pair{0x75, 0x30C, 0x1D4},    Pair{0x75, 0x323, 0x1EE5},    Pair{0x75, 0x324, 0x1E73},
    Pair{0x75, 0x328, 0x173},    Pair{0x75, 0x32D, 0x1E77},    Pair{0x75, 0x330, 0x1E75},
    Pair{0x76, 0x303, 0x1E7D},   Pair{0x76, 0x323, 0x1E7F},    Pair{0x77, 0x300, 0x1E81},
    Pair{0x77, 0x301, 0x1E83},   Pair{0x77, 0x302, 0x175},     Pair{0x77, 0x307, 0x1E87},
    Pair{0x77, 0x308, 0x1E85},   Pair{0x77, 0x30A, 0x1E98},    Pair{0x77, 0x323, 0x1E89},
    Pair{0x78, 0x307, 0x1E8B},   Pair{0x78, 0x308, 0x1E8D},    Pair{0x79, 0x300, 0x1EF3},
    Pair{0x79, 0x301, 0xFD},     Pair{0x79, 0x302, 0x177},     Pair{0x79, 0x303, 0x1EF9},
    Pair{0x79, 0x307, 0x1E8F},   Pair{0x79, 0x308, 0xFF},      Pair{0x79, 0x309, 0x1EF7},
    Pair{0x79, 0x30A, 0x1E99},   Pair{0x79, 0x323, 0x1EF5},    Pair{0x7A, 0x301, 0x17A},
    Pair{0x7A, 0x302, 0x1E91},   Pair{0x7A, 0x307, 0x17C},     Pair{0x7A, 0x30C, 0x17E},
    Pair{0x7A, 0x323, 0x1E93},   Pair{0x7A, 0x331, 0x1E95},    Pair{0xE2, 0x300, 0x1EA7},
    Pair{0xE2, 0x301, 0x1EA5},   Pair{0xE2, 0x303, 0x1EAB},    Pair{0xE2, 0x309, 0x1EA9},
    Pair{0xE7, 0x301, 0x1E09},   Pair{0xEA, 0x300, 0x1EC1},    Pair{0xEA, 0x301, 0x1EBF},
    Pair{0xEA, 0x303, 0x1EC5},   Pair{0xEA, 0x309, 0x1EC3},    Pair{0xEF, 0x301, 0x1E2F},
    Pair{0xF4, 0x300, 0x1ED3},   Pair{0xF4, 0x301, 0x1ED1},    Pair{0xF4, 0x303, 0x1ED7},
    Pair{0xF4, 0x309, 0x1ED5},   Pair{0xF5, 0x301, 0x1E4D},    Pair{0xF5, 0x308, 0x1E4F},
    Pair{0xFC, 0x300, 0x1DC},    Pair{0xFC, 0x301, 0x1D8},     Pair{0xFC, 0x304, 0x1D6},
    Pair{0xFC, 0x30C, 0x1DA},    Pair{0x103, 0x300, 0x1EB1},   Pair{0x103, 0x301, 0x1EAF},
    Pair{0x103, 0x303, 0x1EB5},  Pair{0x103, 0x309, 0x1EB3},   Pair{0x113, 0x300, 0x1E15},
    Pair{0x113, 0x301, 0x1E17},  Pair{0x14D, 0x300, 0x1E51},   Pair{0x14D, 0x301, 0x1E53},
    Pair{0x15B, 0x307, 0x1E65},  Pair{0x161, 0x307, 0x1E67},   Pair{0x169, 0x301, 0x1E79},
    Pair{0x16B, 0x308, 0x1E7B},  Pair{0x17F, 0x307, 0x1E9B},   Pair{0x1A1, 0x300, 0x1EDD},
    Pair{0x1A1, 0x301, 0x1EDB},  Pair{0x1A1, 0x303, 0x1EE1},   Pair{0x1A1, 0x309, 0x1EDF},
    Pair{0x1A1, 0x323, 0x1EE3},  Pair{0x1B0, 0x300, 0x1EEB},   Pair{0x1B0, 0x301, 0x1EE9},
    Pair{0x1B0, 0x303, 0x1EEF},  Pair{0x1B0, 0x309, 0x1EED},   Pair{0x1B0, 0x323, 0x1EF1},
    Pair{0x229, 0x306, 0x1E1D},  Pair{0x3B1, 0x301, 0x3AC},    Pair{0x3B5, 0x301, 0x3AD},
    Pair{0x3B7, 0x301, 0x3AE},   Pair{0x3B9, 0x301, 0x3AF},    Pair{0x3B9, 0x308, 0x3CA},
    Pair{0x3BF, 0x301, 0x3CC},   Pair{0x3C5, 0x301, 0x3CD},    Pair{0x3C5, 0x308, 0x3CB},
    Pair{0x3C9, 0x301, 0x3CE},   Pair{0x3CB, 0x301, 0x3B0},    Pair{0x435, 0x308, 0x451},
    Pair{0x438, 0x306, 0x439},   Pair{0x443, 0x306, 0x45E},    Pair{0x456, 0x308, 0x457},
    Pair{0x627, 0x653, 0x622},   Pair{0x627, 0x654, 0x623},    Pair{0x627, 0x655, 0x625},
    Pair{0x648, 0x654, 0x624},   Pair{0x64A, 0x654, 0x626},    Pair{0x6C1, 0x654, 0x6C2},
    Pair{0x6D2, 0x654, 0x6D3},   Pair{0x6D5, 0x654, 0x6C0},    Pair{0x9C7, 0x9BE, 0x9CB},
    Pair{0x9C7, 0x9D7, 0x9CC},   Pair{0xB47, 0xB3E, 0xB4B},    Pair{0xB47, 0xB56, 0xB48},
    Pair{0xB47, 0xB57, 0xB4C},   Pair{0xB92, 0xBD7, 0xB94},    Pair{0xBC6, 0xBBE, 0xBCA},
    Pair{0xBC6, 0xBD7, 0xBCC},   Pair{0xBC7, 0xBBE, 0xBCB},    Pair{0xC46, 0xC56, 0xC48},
    Pair{0xCBF, 0xCD5, 0xCC0},   Pair{0xCC6, 0xCC2, 0xCCA},    Pair{0xCC6, 0xCD5, 0xCC7},
    Pair{0xCC6, 0xCD6, 0xCC8},   Pair{0xCCA, 0xCD5, 0xCCB},    Pair{0xD46, 0xD3E, 0xD4A},
    Pair{0xD46, 0xD57, 0xD4C},   Pair{0xD47, 0xD3E, 0xD4B},    Pair{0xDD9, 0xDCA, 0xDDA},
    Pair{0xDD9, 0xDCF, 0xDDC},   Pair{0xDD9, 0xDDF, 0xDDE},    Pair{0xDDC, 0xDCA, 0xDDD},
    Pair{0xE40, 0xE40, 0xE41},   Pair{0xE4D, 0xE32, 0xE33},    Pair{0xEC0, 0xEC0, 0xEC1},
    Pair{0xECD, 0xEB2, 0xEB3},   Pair{0x1025, 0x102E, 0x1026}, Pair{0x1E37, 0x304, 0x1E39},
    Pair{0x1E5B, 0x304, 0x1E5D}, Pair{0x1E63, 0x307, 0x1E69},  Pair{0x1EA1, 0x302, 0x1EAD},
    Pair{0x1EA1, 0x306, 0x1EB7}, Pair{0x1EB9, 0x302, 0x1EC7},  Pair{0x1ECD, 0x302, 0x1ED9},
};

constexpr bool within(char32_t c, char32_t first, char32_t last) {
  return c >= first && c <= last;
}

constexpr bool is_mark_on_any(char32_t c) {
  return within(c, 0x0300, 0x036F) || within(c, 0x1AB0, 0x1AFF) || within(c, 0x1DC0, 0x1DFF) ||
         within(c, 0x20D0, 0x20FF) || within(c, 0xFE20, 0xFE2F);
}

// Points, vowel signs and signs of recitation, which everyday writing leaves out.
constexpr bool is_hebrew_point(char32_t c) {
  return within(c, 0x0591, 0x05BD) || c == 0x05BF || c == 0x05C1 || c == 0x05C2 || c == 0x05C4 ||
         c == 0x05C5 || c == 0x05C7 || c == 0xFB1E;
}

// With the stretching of a line.
constexpr bool is_arabic_sign(char32_t c) {
  return within(c, 0x064B, 0x065F) || c == 0x0670 || c == 0x0640 || within(c, 0x0610, 0x061A) ||
         within(c, 0x06D6, 0x06DC) || within(c, 0x06DF, 0x06E4) || c == 0x06E7 || c == 0x06E8 ||
         within(c, 0x06EA, 0x06ED) || within(c, 0x08CA, 0x08E1) || within(c, 0x08E3, 0x08FF);
}

// The dot below an Indian letter that makes the sound of another language of it.
constexpr bool is_nukta(char32_t c) {
  return c == 0x093C || c == 0x09BC || c == 0x0A3C || c == 0x0ABC || c == 0x0B3C;
}

constexpr bool is_left_out(char32_t c) {
  return is_mark_on_any(c) || is_hebrew_point(c) || is_arabic_sign(c) || is_nukta(c);
}

// Voiced and half-voiced kana follow the plain one.
char32_t voiced(char32_t kana, char32_t mark) {
  const char32_t plain = within(kana, 0x30A0, 0x30FF) ? kana - 0x60 : kana;
  const bool h_row = within(plain, 0x306F, 0x307B) && (plain - 0x306F) % 3 == 0;
  if (mark == 0x309A) return h_row ? kana + 2 : 0;
  const bool before_tsu = within(plain, 0x304B, 0x3061) && (plain & 1) == 1;
  const bool from_tsu = within(plain, 0x3064, 0x3068) && (plain & 1) == 0;
  return before_tsu || from_tsu || h_row ? kana + 1 : 0;
}

// A Hangul syllable of its parts (The Unicode Standard, 3.12). 0: they do not join.
char32_t syllable(char32_t before, char32_t part) {
  if (within(before, 0x1100, 0x1112) && within(part, 0x1161, 0x1175)) {
    return 0xAC00 + ((before - 0x1100) * 21 + (part - 0x1161)) * 28;
  }
  const bool open = within(before, 0xAC00, 0xD7A3) && (before - 0xAC00) % 28 == 0;
  return open && within(part, 0x11A8, 0x11C2) ? before + (part - 0x11A7) : 0;
}

// The character for both, or 0.
char32_t joined(char32_t before, char32_t c) {
  if (c == 0x3099 || c == 0x309A) return voiced(before, c);
  if (within(c, 0x1161, 0x11C2)) return syllable(before, c);
  const bool may_join = is_mark_on_any(c) || within(c, 0x0653, 0x0655) || within(c, 0x093C, 0x102E);
  if (!may_join) return 0;
  const auto less = [](const Pair& pair, const std::pair<char32_t, char32_t>& wanted) {
    return std::pair(pair.letter, pair.mark) < wanted;
  };
  const std::pair wanted(before, c);
  const auto* const found = std::lower_bound(std::begin(kPairs), std::end(kPairs), wanted, less);
  const bool is_there =
      found != std::end(kPairs) && std::pair(found->letter, found->mark) == wanted;
  return is_there ? found->both : 0;
}

constexpr bool is_thai_tone(char32_t c) {
  return within(c, 0x0E48, 0x0E4B) || within(c, 0x0EC8, 0x0ECB);
}

// Marks that look the same in any order get one. False: `c` stands where it belongs.
bool put_in_order(std::u32string& word, char32_t c) {
  constexpr char32_t kLao = 0x80;  // whose letters lie as those of Thai
  const char32_t before = word.back();
  const bool vowel_below = c == 0x0E38 || c == 0x0E39 || c == 0x0EB8 || c == 0x0EB9;
  if ((vowel_below && is_thai_tone(before)) || (c == 0x1037 && before == 0x103A)) {
    word.back() = c;
    word.push_back(before);
    return true;
  }
  // "am" in its two parts, with the tone in between.
  if (word.size() < 2 || !is_thai_tone(before)) return false;
  char32_t& ring = word[word.size() - 2];
  const char32_t script = ring == 0x0E4D ? 0 : kLao;
  if (ring != 0x0E4D + script || c != 0x0E32 + script) return false;
  ring = before;
  word.back() = 0x0E33 + script;
  return true;
}

// Letters and digits of the double width that East Asian input methods type.
char32_t narrow(char32_t c) {
  return within(c, 0xFF01, 0xFF5E) ? c - 0xFEE0 : c;
}

// Alef without hamza, ha for ta marbuta, and the letters of Arabic for those that a Persian
// keyboard has in their places: people type what they have, and leave out the rest.
char32_t arabic_letter(char32_t c) {
  switch (c) {
    case 0x0622:
    case 0x0623:
    case 0x0625:
    case 0x0671:
    case 0x0672:
    case 0x0673: return 0x0627;
    case 0x0624: return 0x0648;
    case 0x0626:
    case 0x0649: return 0x064A;
    case 0x0629:
    case 0x06C0:
    case 0x06C1:
    case 0x06C2:
    case 0x06C3:
    case 0x06D5: return 0x0647;
    case 0x06D3: return 0x06D2;
    default: return c;
  }
}

char32_t base_letter(char32_t c) {
  if (c < 0xC0) return c;
  if (c <= 0x24F) return kLatin[c - 0xC0];
  if (within(c, 0x370, 0x3FF)) return kGreek[c - 0x370];
  if (within(c, 0x1E00, 0x1EFF)) return kLatinAdditional[c - 0x1E00];
  if (within(c, 0x1F00, 0x1FFF)) return kGreekExtended[c - 0x1F00];
  if (c == 0x451) return 0x435;  // ё
  return within(c, 0x0622, 0x06D5) ? arabic_letter(c) : c;
}

// Letters that are typed as two.
std::u32string_view spelled_out(char32_t c) {
  switch (c) {
    case 0xDF:
    case 0x1E9E: return U"ss";
    case 0xC6:
    case 0xE6: return U"ae";
    case 0x152:
    case 0x153: return U"oe";
    case 0x05F0: return U"\u05D5\u05D5";
    case 0x05F1: return U"\u05D5\u05D9";
    case 0x05F2: return U"\u05D9\u05D9";
    // Letters of a bare consonant, as older texts write them.
    case 0x09CE: return U"\u09A4\u09CD";
    case 0x0D7A: return U"\u0D23\u0D4D";
    case 0x0D7B: return U"\u0D28\u0D4D";
    case 0x0D7C: return U"\u0D30\u0D4D";
    case 0x0D7D: return U"\u0D32\u0D4D";
    case 0x0D7E: return U"\u0D33\u0D4D";
    case 0x0D7F: return U"\u0D15\u0D4D";
    default: return {};
  }
}

// The scripts of India whose letters lie in one order, each in its own block. Not Tamil.
constexpr bool is_of_india(char32_t c) {
  return within(c, 0x0900, 0x0D7F) && !within(c, 0x0B80, 0x0BFF);
}
constexpr char32_t kPlaces = 0x80;  // of a block
constexpr char32_t kAnusvara = 0x02;
constexpr char32_t kDentalNa = 0x28;
constexpr char32_t kVelarNa = 0x19;
constexpr char32_t kVirama = 0x4D;

// Consonants stand in rows of five by where they are spoken, each with its nasal at the end.
constexpr char32_t kInRow = 5;
constexpr bool is_in_row(char32_t place) {
  return within(place, 0x15, 0x2E) && place != 0x29;
}
constexpr char32_t row_place(char32_t place) {
  return place - 0x15 - (place > 0x29 ? 1 : 0);
}

// Whether a nasal without a vowel before this consonant is also written as a dot, the anusvara:
// one of its row, or the commonest one.
bool is_dotted(char32_t nasal, char32_t before) {
  if (!is_in_row(nasal) || row_place(nasal) % kInRow + 1 != kInRow) return false;
  if (!is_in_row(before) || row_place(before) % kInRow + 1 == kInRow) return false;
  return nasal == kDentalNa || row_place(nasal) / kInRow == row_place(before) / kInRow;
}

// The dot for each way to write a nasal, that of the first row before anything, as the normalisers
// of Apache Lucene have it.
void append_of_india(std::u32string& word, char32_t c) {
  const char32_t block = c - c % kPlaces;
  const char32_t place = c % kPlaces;
  const bool after_virama = !word.empty() && word.back() == block + kVirama;
  if (place == kVirama && after_virama) return;
  if (place == kVirama && !word.empty() && word.back() == block + kVelarNa) {
    word.back() = block + kAnusvara;
    return;
  }
  if (after_virama && word.size() >= 2) {
    const char32_t nasal = word[word.size() - 2];
    if (nasal - nasal % kPlaces == block && is_dotted(nasal % kPlaces, place)) {
      word.pop_back();
      word.back() = block + kAnusvara;
    }
  }
  // A half moon, and what Gurmukhi writes after short vowels.
  const bool is_moon = c == 0x0901 || c == 0x0A01 || c == 0x0A81 || c == 0x0A70;
  word.push_back(is_moon ? block + kAnusvara : c);
}

void append_folded(std::u32string& word, char32_t c) {
  if (is_of_india(c)) return append_of_india(word, c);
  // Armenian "ev": the ligature, its two letters, and how it is spelt today.
  if (c == 0x0582 && !word.empty() && word.back() == 0x0565) c = 0x057E;
  word.push_back(c);
}

// The zeros of scripts whose digits people also write as 0 to 9. Sorted.
constexpr std::array<char32_t, 19> kZeros{
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66,
    0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810,
};

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      byte(0xE0 | (c >> 12));
    } else {
      byte(0xF0 | (c >> 18));
      byte(0x80 | ((c >> 12) & 0x3F));
    }
    byte(0x80 | ((c >> 6) & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

}  // namespace

bool is_vowel_point(char32_t c) {
  return is_hebrew_point(c) || (is_arabic_sign(c) && !within(c, 0x0653, 0x0655));
}

char32_t ascii_digit(char32_t c) {
  if (c < kZeros.front()) return c;
  const char32_t zero = *std::prev(std::upper_bound(kZeros.begin(), kZeros.end(), c));
  return c - zero < 10 ? U'0' + (c - zero) : c;
}

void append_letter(std::u32string& word, char32_t c) {
  c = to_lower(narrow(c));
  // What a Persian keyboard has in their places: the stemmer knows those of Arabic.
  if (c == 0x06CC) c = 0x064A;
  if (c == 0x06A9) c = 0x0643;
  if (!word.empty()) {
    if (const char32_t both = joined(word.back(), c)) {
      word.back() = both;
      return;
    }
    if (put_in_order(word, c)) return;
  }
  word.push_back(c);
}

std::u32string fold(std::u32string_view word) {
  std::u32string folded;
  folded.reserve(word.size());
  for (const char32_t c : word) {
    if (is_left_out(c)) continue;
    const std::u32string_view letters = spelled_out(c);
    if (letters.empty()) append_folded(folded, base_letter(c));
    for (const char32_t letter : letters)
      append_folded(folded, letter);
  }
  return folded;
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : text)
    append_utf8(out, c);
  return out;
}

}  // namespace holdfast::search
