// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/full_text.hpp"

namespace holdfast::store::sqlite {

namespace {

// Counting goes no further: such a word weighs next to nothing.
constexpr std::int64_t kMostCounted = 50'000;

std::string any_spelling(const search::Term& term) {
  std::string expression = fmt::format("\"{}\"", term.word);
  for (const std::string& variant : term.variants)
    expression += fmt::format(" OR \"{}\"", variant);
  return expression;
}

std::string any_spelling(const search::Phrase& phrase) {
  std::string expression;
  for (const auto& spelling : phrase) {
    if (!expression.empty()) expression += " OR ";
    expression += fmt::format("\"{}\"", fmt::join(spelling, " "));
  }
  return expression;
}

// The terms are words: no input can make an expression of them that FTS5 does not understand. Where
// there are phrases, they decide what is found, and the other words only its order. The words come
// last: FTS5 counts how deep an expression is from its beginning.
std::string match_expression(const search::Query& query) {
  std::string words;
  for (const search::Term& term : query.terms) {
    if (term.is_common) continue;
    if (!words.empty()) words += " OR ";
    words += any_spelling(term);
  }
  if (query.phrases.empty()) return words;
  std::string expression;
  for (const search::Phrase& phrase : query.phrases)
    expression += "(" + any_spelling(phrase) + ") AND ";
  if (!words.empty()) words += " OR ";
  return expression + "(" + words + any_spelling(query.phrases.front()) + ")";
}

}  // namespace

void index_chunk(SqliteConnection& connection, std::int64_t chunk, const std::string& title_terms,
                 const std::string& text_terms) {
  connection.query("INSERT INTO chunk_terms(rowid, title, text) VALUES(?1, ?2, ?3)")
      .bind(chunk, Uncopied{title_terms}, Uncopied{text_terms})
      .run();
}

bool merge_terms(SqliteConnection& connection) {
  // About a millisecond. FTS5's manual: a difference below two means that there was nothing to do.
  constexpr std::int64_t kPages = 16;
  const auto changes = [&] {
    Query query = connection.query("SELECT total_changes()");
    query.step();
    return query.integer(0);
  };
  const std::int64_t before = changes();
  connection.query("INSERT INTO chunk_terms(chunk_terms, rank) VALUES('merge', ?1)")
      .bind(kPages)
      .run();
  return changes() - before >= 2;
}

search::Frequencies count_terms(SqliteConnection& connection, const search::Query& query) {
  search::Frequencies frequencies;
  Query all = connection.query("SELECT count(*) FROM chunk_terms_docsize");
  all.step();
  frequencies.passages = static_cast<std::uint64_t>(all.integer(0));
  for (const search::Term& term : query.terms) {
    if (term.is_common) {
      frequencies.of_term.push_back(frequencies.passages);
      continue;
    }
    Query found = connection.query(
        "SELECT count(*) FROM (SELECT 1 FROM chunk_terms WHERE chunk_terms MATCH ?1 LIMIT ?2)");
    found.bind(any_spelling(term), kMostCounted).step();
    frequencies.of_term.push_back(static_cast<std::uint64_t>(found.integer(0)));
  }
  return frequencies;
}

search::Query with_corrections(SqliteConnection& connection, search::Query query,
                               const search::Frequencies& frequencies) {
  for (std::size_t i = 0; i < query.terms.size(); ++i) {
    search::Term& term = query.terms[i];
    if (frequencies.of_term[i] > 0 || !term.may_be_misspelt || term.is_common) continue;
    search::Corrections corrections(term.word);
    Query words =
        connection.query("SELECT term FROM chunk_vocabulary WHERE term >= ?1 AND term < ?2");
    words.bind(corrections.beginning(), corrections.beginning() + "\U0010FFFF");
    while (words.step())
      corrections.offer(words.text(0));
    term.variants = corrections.take();  // nobody has the others
  }
  return query;
}

std::vector<std::int64_t> find_by_terms(SqliteConnection& connection, const search::Query& query,
                                        const Admitted* admitted, std::size_t limit) {
  std::vector<std::int64_t> chunks;
  const std::string expression = match_expression(query);
  if (expression.empty()) return chunks;
  // A word of the title counts as ten of the text.
  Query match = connection.query(
      "SELECT rowid FROM chunk_terms WHERE chunk_terms MATCH ?1 AND rank MATCH 'bm25(10.0, 1.0)'"
      " ORDER BY rank");
  match.bind(expression);
  while (chunks.size() < limit && match.step()) {
    const std::int64_t chunk = match.integer(0);
    Query owner = connection.query("SELECT document FROM shown_chunk WHERE id = ?1");
    if (!owner.bind(chunk).step()) continue;
    if (admitted != nullptr && !admitted->contains(owner.integer(0))) continue;
    chunks.push_back(chunk);
  }
  return chunks;
}

void note_lost_terms(SqliteConnection& connection) {
  // Reads two small trees: an index of `chunk`, and the rows of FTS5 without their terms.
  connection.exec(
      "UPDATE chunk SET terms_form = 1 WHERE id IN (SELECT id FROM chunk AS c"
      " WHERE NOT EXISTS(SELECT 1 FROM chunk_terms_docsize AS t WHERE t.id = c.id))");
}

bool has_older_terms(SqliteConnection& connection) {
  return connection.query("SELECT 1 FROM chunk WHERE terms_form < 2 LIMIT 1").step();
}

std::int64_t index_missing(SqliteConnection& connection, search::Analyser& analyser,
                           std::int64_t limit) {
  static_assert(search::kTermsForm == 2, "a migration brings an index of older forms: see above");
  struct Missing {
    std::int64_t chunk = 0;
    std::string title;
    std::string text;
  };
  std::vector<Missing> missing;
  {
    Query rows = connection.query(
        "SELECT id, title, text FROM chunk WHERE terms_form < 2 ORDER BY id LIMIT ?1");
    rows.bind(limit);
    while (rows.step())
      missing.push_back({rows.integer(0), rows.text(1), rows.text(2)});
  }
  for (const auto& [chunk, title, text] : missing) {
    connection.query("DELETE FROM chunk_terms WHERE rowid = ?1").bind(chunk).run();
    index_chunk(connection, chunk, analyser.index_terms(title), analyser.index_terms(text));
    connection.query("UPDATE chunk SET terms_form = ?2 WHERE id = ?1")
        .bind(chunk, search::kTermsForm)
        .run();
  }
  return static_cast<std::int64_t>(missing.size());
}

}  // namespace holdfast::store::sqlite
