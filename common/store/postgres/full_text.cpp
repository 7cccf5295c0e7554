// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/full_text.hpp"

#include <fmt/ranges.h>

namespace holdfast::store::postgres {

namespace {

// Of the terms; with the positions it stays well below the megabyte of a tsvector.
constexpr std::size_t kIndexedBytes = std::size_t{256} << 10;
// Positions end at 16383; the server takes every later one for that.
constexpr std::size_t kPositions = 16'383;
// No phrase reaches from the title into the text, nor to what stands between them.
constexpr std::size_t kGap = 3;

// What both statements begin with: the terms that are looked for, the chunks that have them, and
// how many chunks there are: where there are many, as the server estimates it, because to count
// them all takes longer than the search.
#define HOLDFAST_FOUND                                                               \
  "WITH term AS MATERIALIZED (SELECT t.query::tsquery AS query, t.place"             \
  " FROM unnest($1::text[]) WITH ORDINALITY AS t(query, place)),"                    \
  " found AS MATERIALIZED (SELECT term.place, c.id, c.document"                      \
  " FROM term JOIN holdfast.chunk AS c ON c.terms @@ term.query),"                   \
  " passages AS (SELECT CASE WHEN reltuples >= 10000 THEN reltuples::float8"         \
  " ELSE (SELECT greatest(count(*), 1)::float8 FROM holdfast.chunk) END AS chunks"   \
  " FROM pg_class WHERE oid = 'holdfast.chunk'::regclass),"                          \
  " frequency AS (SELECT f.place, count(*) AS chunks,"                               \
  " ln(1 + (greatest(min(p.chunks), count(*)) - count(*) + 0.5) / (count(*) + 0.5))" \
  " AS weight FROM found AS f, passages AS p GROUP BY f.place),"
// And what they end with: a row for each term that was looked for, with how many chunks have it,
// one for all chunks, and one for each of the best chunks. Those that have the same terms weigh the
// same, in whatever order the weights are added: of them the best are those that have the terms in
// their title, in one that says little else, and then those that have them often, in a short text.
// Only chunks that may be among the best are looked at that closely, which means to read all their
// terms: of very many the newest.
#define HOLDFAST_BEST                                                                 \
  " near AS (SELECT id, weight FROM weighted WHERE weight >= coalesce((SELECT weight" \
  " FROM weighted ORDER BY weight DESC OFFSET $4 - 1 LIMIT 1), 0)"                    \
  " ORDER BY weight DESC, id DESC LIMIT 5000),"                                       \
  " best AS (SELECT n.id FROM near AS n JOIN holdfast.chunk AS c ON c.id = n.id"      \
  " ORDER BY n.weight DESC, ts_rank('{0.01, 0, 0, 1}', c.terms, $5::text::tsquery)"   \
  " / ln(8 + length(c.title)) DESC, octet_length(c.text), n.id LIMIT $4)"             \
  " SELECT 0::bigint, chunks::bigint FROM passages"                                   \
  " UNION ALL SELECT place, chunks FROM frequency"                                    \
  " UNION ALL SELECT -1::bigint, id FROM best"
constexpr std::string_view kFindTerms = HOLDFAST_FOUND
    " weighted AS MATERIALIZED (SELECT f.id, sum(q.weight)::real AS weight"
    " FROM found AS f JOIN frequency AS q USING (place)"
    " WHERE ($2::bigint = 0 OR f.document = ANY($3::bigint[])) GROUP BY f.id)," HOLDFAST_BEST;
// The chunks have all phrases, which may be of words that nothing is found by.
constexpr std::string_view kFindPhrases = HOLDFAST_FOUND
    " weighted AS MATERIALIZED (SELECT c.id, coalesce(sum(q.weight), 0)::real AS weight"
    " FROM holdfast.chunk AS c LEFT JOIN found AS f ON f.id = c.id"
    " LEFT JOIN frequency AS q ON q.place = f.place WHERE c.terms @@ $6::text::tsquery"
    " AND ($2::bigint = 0 OR c.document = ANY($3::bigint[])) GROUP BY c.id)," HOLDFAST_BEST;
#undef HOLDFAST_FOUND
#undef HOLDFAST_BEST
constexpr std::string_view kWords =
    "SELECT DISTINCT t.lexeme FROM (SELECT terms FROM holdfast.chunk"
    " WHERE terms @@ $1::text::tsquery LIMIT 1000) AS c, unnest(c.terms) AS t"
    " WHERE starts_with(t.lexeme, $2)";
constexpr std::string_view kHasOlderForm =
    "SELECT EXISTS(SELECT 1 FROM holdfast.chunk WHERE terms_form < 2)";
constexpr std::string_view kChunksOfOlderForm =
    "SELECT id, title, text FROM holdfast.chunk WHERE terms_form < 2 ORDER BY id LIMIT $1"
    " FOR UPDATE";
static_assert(search::kTermsForm == 2, "a migration brings an index of older forms: see above");
constexpr std::string_view kIndex =
    "UPDATE holdfast.chunk AS c SET terms = n.terms::tsvector, terms_form = $3::smallint"
    " FROM unnest($1::bigint[], $2::text[]) AS n(id, terms) WHERE c.id = n.id";

std::string any_spelling(const search::Term& term) {
  std::string query = fmt::format("'{}'", term.word);
  for (const std::string& variant : term.variants)
    query += fmt::format(" | '{}'", variant);
  return query;
}

std::string all_phrases(const search::Query& query) {
  std::string all;
  for (const auto& phrase : query.phrases) {
    std::string any;
    for (const auto& spelling : phrase) {
      if (!any.empty()) any += " | ";
      any += fmt::format("('{}')", fmt::join(spelling, "' <-> '"));
    }
    if (!all.empty()) all += " & ";
    all += "(" + any + ")";
  }
  return all;
}

// Appends terms; returns the position after the last word. Those of the title have its weight, and
// so all have a position: that of the unordered ones is next to no word's.
std::size_t append_terms(std::string& out, std::string_view terms, std::size_t position,
                         bool of_title) {
  const std::string_view weight = of_title ? "A" : "";
  bool ordered = true;
  while (!terms.empty() && out.size() < 3 * kIndexedBytes) {
    const std::size_t end = std::min(terms.find(' '), terms.size());
    const std::string_view term = terms.substr(0, end);
    terms.remove_prefix(std::min(end + 1, terms.size()));
    if (term == search::kUnordered) {
      ordered = false;
    } else if (ordered) {
      out += fmt::format("'{}':{}{} ", term, std::min(position++, kPositions), weight);
    } else if (of_title) {
      out += fmt::format("'{}':{}{} ", term, std::min(position + 1, kPositions), weight);
    } else {
      out += fmt::format("'{}' ", term);
    }
  }
  return position;
}

}  // namespace

std::string terms_vector(std::string_view title_terms, std::string_view text_terms) {
  // Never empty: that is how older releases tell chunks without terms apart.
  std::string out = fmt::format("'{}' ", search::kUnordered);
  const std::size_t position = append_terms(out, title_terms, 1, true);
  append_terms(out, text_terms.substr(0, std::min(text_terms.size(), kIndexedBytes)),
               position + kGap, false);
  return out;
}

FoundByTerms find_by_terms(Transaction& transaction, const search::Query& query,
                           const std::vector<std::int64_t>* admitted, std::size_t limit) {
  FoundByTerms found;
  found.frequencies.of_term.resize(query.terms.size());
  std::vector<std::string> terms;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < query.terms.size(); ++i) {
    if (query.terms[i].is_common) continue;
    terms.push_back(any_spelling(query.terms[i]));
    places.push_back(i);
  }
  const std::vector<std::int64_t> nothing;
  Statement statement(query.phrases.empty() ? kFindTerms : kFindPhrases);
  statement.bind(terms, static_cast<std::int64_t>(admitted != nullptr ? 1 : 0),
                 admitted != nullptr ? *admitted : nothing, static_cast<std::int64_t>(limit),
                 fmt::format("{}", fmt::join(terms, " | ")));
  if (!query.phrases.empty()) statement.bind(all_phrases(query));
  const Rows rows = transaction.run(statement);
  for (int row = 0; row < rows.count(); ++row) {
    const std::int64_t place = rows.integer(row, 0);
    const std::int64_t value = rows.integer(row, 1);
    if (place < 0) {
      found.chunks.push_back(value);
    } else if (place == 0) {
      found.frequencies.passages = static_cast<std::uint64_t>(value);
    } else {
      found.frequencies.of_term[places[static_cast<std::size_t>(place - 1)]] =
          static_cast<std::uint64_t>(value);
    }
  }
  return found;
}

std::optional<search::Query> with_corrections(Transaction& transaction, search::Query query,
                                              const search::Frequencies& frequencies) {
  bool corrected = false;
  for (std::size_t i = 0; i < query.terms.size(); ++i) {
    search::Term& term = query.terms[i];
    if (frequencies.of_term[i] > 0 || !term.may_be_misspelt || term.is_common) continue;
    search::Corrections corrections(term.word);
    const Rows rows = transaction.run(Statement(kWords).bind(
        fmt::format("'{}':*", corrections.beginning()), corrections.beginning()));
    for (int row = 0; row < rows.count(); ++row)
      corrections.offer(rows.bytes(row, 0));
    term.variants = corrections.take();  // nobody has the others
    corrected = corrected || !term.variants.empty();
  }
  return corrected ? std::optional(std::move(query)) : std::nullopt;
}

bool has_older_terms(Transaction& transaction) {
  return transaction.run(Statement(kHasOlderForm)).boolean(0, 0);
}

bool index_missing(Transaction& transaction, search::Analyser& analyser, std::int64_t limit) {
  const Rows rows = transaction.run(Statement(kChunksOfOlderForm).bind(limit));
  if (rows.empty()) return false;
  std::vector<std::int64_t> ids;
  std::vector<std::string> terms;
  for (int row = 0; row < rows.count(); ++row) {
    ids.push_back(rows.integer(row, 0));
    terms.push_back(terms_vector(analyser.index_terms(rows.bytes(row, 1)),
                                 analyser.index_terms(rows.bytes(row, 2))));
  }
  transaction.run(Statement(kIndex).bind(ids, terms, search::kTermsForm));
  return true;
}

}  // namespace holdfast::store::postgres
