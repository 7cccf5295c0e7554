// SPDX-License-Identifier: Apache-2.0
#include "common/search/snippet.hpp"

#include "common/embedding/characters.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <map>

namespace holdfast::search {

namespace {

struct Window {
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// The run of matches, no wider than `bytes`, whose different terms weigh most; of equals the
// narrowest, then the earliest.
Window best_window(const std::vector<Match>& matches, const Ranker& ranker, std::size_t bytes) {
  Window best;
  double most = -1;
  std::map<std::size_t, std::size_t> inside;  // term -> how often
  double weight = 0;
  std::size_t first = 0;
  for (std::size_t last = 0; last < matches.size(); ++last) {
    const Match& match = matches[last];
    if (inside[match.term]++ == 0) weight += ranker.weight(match.term) * match.quality;
    while (first < last && match.end > matches[first].begin + bytes) {
      const Match& left = matches[first++];
      if (--inside[left.term] == 0) weight -= ranker.weight(left.term) * left.quality;
    }
    // What comes again later is not needed here.
    for (; first < last && inside[matches[first].term] > 1; ++first)
      --inside[matches[first].term];
    const Window window{matches[first].begin, match.end};
    const bool narrower = window.end - window.begin < best.end - best.begin;
    if (weight > most + 1e-9 || (weight > most - 1e-9 && narrower)) {
      most = std::max(most, weight);
      best = window;
    }
  }
  return best;
}

// Where a word begins, at or after `at`, but not after `limit`; else where a character does.
std::size_t word_begin(std::string_view text, std::size_t at, std::size_t limit) {
  for (std::size_t i = at; i < limit; ++i) {
    if (i == 0 || is_blank(text[i - 1])) return i;
  }
  while (at < limit && !embedding::is_character_boundary(text, at))
    ++at;
  return at;
}

// Where a word ends, at or before `at`, but not before `limit`.
std::size_t word_end(std::string_view text, std::size_t at, std::size_t limit) {
  for (std::size_t i = at; i > limit; --i) {
    if (i == text.size() || is_blank(text[i])) return i;
  }
  while (at > limit && !embedding::is_character_boundary(text, at))
    --at;
  return at;
}

void append_escaped(std::string& html, std::string_view text) {
  for (const char c : text) {
    if (is_blank(c)) {
      if (!html.empty() && html.back() != ' ') html += ' ';
    } else if (c == '&') {
      html += "&amp;";
    } else if (c == '<') {
      html += "&lt;";
    } else if (c == '>') {
      html += "&gt;";
    } else if (c == '"') {
      html += "&quot;";
    } else if (c == '\'') {
      html += "&#39;";
    } else {
      html += c;
    }
  }
}

}  // namespace

std::string snippet(std::string_view text, const std::vector<Match>& matches, const Ranker& ranker,
                    std::size_t bytes) {
  const Window core = best_window(matches, ranker, bytes);
  const std::size_t width = std::min(core.end - core.begin, bytes);
  const std::size_t spare = bytes - width;
  // A third of what is left before it, the rest after it; what one side does not need, the other
  // gets.
  std::size_t begin = core.begin - std::min(core.begin, spare / 3);
  std::size_t end = std::min(text.size(), std::max(core.end, begin + bytes));
  if (end == text.size() && end - begin < bytes)
    begin = std::min(begin, end - std::min(end, bytes));
  if (begin > 0) begin = word_begin(text, begin, core.begin);
  if (end < text.size()) end = word_end(text, end, std::max(core.end, begin));

  std::string html = begin > 0 ? "…" : "";
  std::size_t at = begin;
  for (std::size_t i = 0; i < matches.size();) {
    const std::size_t from = matches[i].begin;
    std::size_t to = matches[i].end;
    // Overlapping runs of characters are one mark.
    for (++i; i < matches.size() && matches[i].begin < to; ++i)
      to = std::max(to, matches[i].end);
    if (from < at || to > end) continue;
    append_escaped(html, text.substr(at, from - at));
    html += "<mark>";
    append_escaped(html, text.substr(from, to - from));
    html += "</mark>";
    at = to;
  }
  append_escaped(html, text.substr(at, end - at));
  if (end < text.size()) html += "…";
  return html;
}

}  // namespace holdfast::search
