// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/full_text.hpp"

#include "common/store/query_words.hpp"

#include <unordered_set>

namespace holdfast::store::sqlite {

std::string match_expression(std::string_view text) {
  std::string expression;
  for (const QueryWord& word : query_words(text)) {
    if (!expression.empty()) expression += " OR ";
    expression += fmt::format("\"{}\"{}", word.text, word.by_beginning ? "*" : "");
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
    Query owner = connection.query("SELECT document FROM shown_chunk WHERE id = ?1");
    if (!owner.bind(chunk).step()) continue;
    const std::int64_t document = owner.integer(0);
    // bm25() is negative, and lower is better.
    if (seen.insert(document).second) ranking.push_back({document, chunk, -match.real(1)});
  }
  return ranking;
}

}  // namespace holdfast::store::sqlite
