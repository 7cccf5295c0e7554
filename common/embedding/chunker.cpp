// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/chunker.hpp"

#include "common/embedding/characters.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <array>

namespace holdfast::embedding {

namespace {

// In increasing worth.
enum class Pause { None, Word, Line, Sentence, Paragraph };

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool ends_with_any(std::string_view text, const auto& endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return text.ends_with(ending); });
}

// Full stops of scripts that put no space after them.
bool ends_wide_sentence(std::string_view before) {
  constexpr std::array<std::string_view, 3> kWide{"。", "！", "？"};
  return static_cast<unsigned char>(before.back()) >= 0x80 && ends_with_any(before, kWide);
}

bool ends_sentence(std::string_view before) {
  constexpr std::array<std::string_view, 5> kClosing{"”", "’", "»", "」", "）"};
  constexpr std::array<std::string_view, 3> kWideStops{"…", "؟", "।"};
  for (;;) {
    if (before.empty()) return false;
    const char last = before.back();
    if (last == '"' || last == '\'' || last == ')' || last == ']') {
      before.remove_suffix(1);
      continue;
    }
    if (static_cast<unsigned char>(last) < 0x80) return last == '.' || last == '!' || last == '?';
    const auto* const closing =
        std::find_if(kClosing.begin(), kClosing.end(),
                     [&](std::string_view mark) { return before.ends_with(mark); });
    if (closing == kClosing.end()) break;
    before.remove_suffix(closing->size());
  }
  return ends_with_any(before, kWideStops) || ends_wide_sentence(before);
}

// What kind of pause a reader makes between text[at - 1] and text[at]. Looks no further back than
// `from`, so that a long run of blanks is not read again for every chunk.
Pause pause_at(std::string_view text, std::size_t from, std::size_t at) {
  if (at == from || at >= text.size() || is_space(text[at])) return Pause::None;
  if (!is_space(text[at - 1])) {
    return ends_wide_sentence(text.substr(from, at - from)) && is_character_boundary(text, at)
               ? Pause::Sentence
               : Pause::None;
  }
  int newlines = 0;
  std::size_t word_end = at;
  while (word_end > from && is_space(text[word_end - 1])) {
    newlines += text[--word_end] == '\n';
  }
  if (newlines >= 2) return Pause::Paragraph;
  // The longest run of closing marks that matters is short; 32 bytes hold it.
  const std::size_t look = std::min<std::size_t>(word_end - from, 32);
  if (ends_sentence(text.substr(word_end - look, look))) return Pause::Sentence;
  return newlines > 0 ? Pause::Line : Pause::Word;
}

// The last place in (low, high] where a character ends, else where a code point does.
std::size_t cut_between_characters(std::string_view text, std::size_t low, std::size_t high) {
  for (std::size_t at = high; at > low; --at) {
    if (is_character_boundary(text, at)) return at;
  }
  for (std::size_t at = high; at > low; --at) {
    if (text::is_code_point_boundary(text, at)) return at;
  }
  return high;  // not reached: the window is never narrower than a code point
}

// The latest place of the worthiest pause in (low, high].
std::size_t best_end(std::string_view text, std::size_t from, std::size_t low, std::size_t high) {
  Pause best = Pause::None;
  std::size_t end = 0;
  for (std::size_t at = high; at > low && best != Pause::Paragraph; --at) {
    const Pause pause = pause_at(text, from, at);
    if (pause > best) best = pause, end = at;
  }
  return best == Pause::None ? cut_between_characters(text, low, high) : end;
}

// Where the chunk after one that ended at `end` begins: in [end - overlap, end].
std::size_t next_begin(std::string_view text, std::size_t end, std::size_t overlap) {
  const std::size_t earliest = end - overlap;
  std::size_t word = end;
  for (std::size_t at = earliest; at < end; ++at) {
    const Pause pause = pause_at(text, earliest > 64 ? earliest - 64 : 0, at);
    // A sentence that begins late in the overlap would make it too short to be of use.
    if (pause >= Pause::Sentence && at <= earliest + overlap / 2) return at;
    if (pause != Pause::None && word == end) word = at;
  }
  if (word != end) return word;
  for (std::size_t at = earliest; at < end; ++at) {
    if (is_character_boundary(text, at)) return at;
  }
  return end;
}

}  // namespace

ChunkOptions chunk_options(const config::Embedding& config) {
  return {config.chunk_bytes, config.chunk_overlap};
}

std::vector<Span> chunk_text(std::string_view text, const ChunkOptions& options) {
  const std::size_t size = std::max<std::size_t>(options.size, 16);
  const std::size_t overlap = std::min(options.overlap, size / 2);
  std::vector<Span> spans;
  if (text.empty()) return spans;
  spans.reserve(text.size() / (size - overlap) + 1);
  std::size_t begin = 0;
  std::size_t last_end = 0;
  while (text.size() - begin > size) {
    // Past the middle, so that chunks are not tiny, and well past the last end, so that each
    // brings something new. The window left is at least size / 4 >= 4 bytes: one code point.
    const std::size_t low = std::max(begin + size / 2, last_end + (size - overlap) / 2);
    const std::size_t end = best_end(text, begin, low, begin + size);
    spans.push_back({begin, end});
    last_end = end;
    begin = next_begin(text, end, overlap);
  }
  spans.push_back({begin, text.size()});
  return spans;
}

}  // namespace holdfast::embedding
