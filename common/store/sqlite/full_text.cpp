// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/full_text.hpp"

#include "common/text/ascii.hpp"

#include <unordered_set>

namespace holdfast::store::sqlite {

namespace {

constexpr std::size_t kWords = 64;  // FTS5 refuses expressions more than 256 deep

// ASCII letters and digits, and every byte of a longer UTF-8 sequence: the tokenizer sorts those
// out. Quotes, NUL and FTS5's operators are separators.
bool in_word(char c) {
  return static_cast<unsigned char>(c) >= 0x80 || text::is_alphanumeric(c);
}

}  // namespace

std::string match_expression(std::string_view text) {
  std::unordered_set<std::string_view> seen;
  std::string expression;
  std::size_t begin = 0;
  while (seen.size() < kWords) {
    while (begin < text.size() && !in_word(text[begin]))
      ++begin;
    if (begin == text.size()) break;
    std::size_t end = begin;
    while (end < text.size() && in_word(text[end]))
      ++end;
    const std::string_view word = text.substr(begin, end - begin);
    begin = end;
    if (!seen.insert(word).second) continue;
    if (!expression.empty()) expression += " OR ";
    expression += fmt::format("\"{}\"", word);
  }
  return expression;
}

std::vector<Candidate> rank_by_text(SqliteConnection& connection, std::string_view text,
                                    std::size_t limit) {
  std::vector<Candidate> ranking;
  const std::string expression = match_expression(text);
  if (expression.empty()) return ranking;
  Query match =
      connection.query("SELECT rowid, rank FROM chunk_fts WHERE chunk_fts MATCH ?1 ORDER BY rank");
  match.bind(expression);
  std::unordered_set<std::int64_t> seen;
  while (ranking.size() < limit && match.step()) {
    const std::int64_t chunk = match.integer(0);
    Query owner = connection.query("SELECT document FROM chunk WHERE id = ?1");
    if (!owner.bind(chunk).step()) continue;
    const std::int64_t document = owner.integer(0);
    // bm25() is negative, and lower is better.
    if (seen.insert(document).second) ranking.push_back({document, chunk, -match.real(1)});
  }
  return ranking;
}

}  // namespace holdfast::store::sqlite
