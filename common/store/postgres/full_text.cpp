// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/full_text.hpp"

#include <fmt/ranges.h>

#include <array>
#include <set>
#include <unordered_map>

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
  " found AS MATERIALIZED (SELECT term.place, c.id, c.document,"                     \
  " length(c.title) AS title_length, octet_length(c.text) AS length"                 \
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
// Marks tell, if there are more of them than are wanted: to read the terms of a chunk takes longer
// than all the rest. What is known of a chunk is put together by grouping: the server knows too
// little of these rows to choose how to join them.
#define HOLDFAST_ORDERED                                                                \
  " mark AS MATERIALIZED (SELECT m.query::tsquery AS query, m.number <= t.count"        \
  " AS is_title, (m.number - 1) % t.count + 1 AS place"                                 \
  " FROM unnest($5::text[]) WITH ORDINALITY AS m(query, number),"                       \
  " (SELECT cardinality($1::text[]) AS count) AS t"                                     \
  " WHERE (SELECT count(*) FROM near) > $4),"                                           \
  " known AS (SELECT id, weight, title_length, length, 0::float8 AS by_title,"          \
  " 0::float8 AS often FROM near UNION ALL SELECT c.id, NULL, NULL, NULL,"              \
  " CASE WHEN m.is_title THEN q.weight ELSE 0 END,"                                     \
  " CASE WHEN m.is_title THEN 0 ELSE q.weight END FROM mark AS m"                       \
  " JOIN holdfast.chunk AS c ON c.terms @@ m.query JOIN frequency AS q USING (place))," \
  " ordered AS (SELECT id FROM known GROUP BY id HAVING max(weight) IS NOT NULL"        \
  " ORDER BY max(weight) DESC, sum(by_title)::real / ln(8 + max(title_length)) DESC,"   \
  " sum(often)::real DESC, max(length), id),"
#define HOLDFAST_ROWS                               \
  " SELECT 0::bigint, chunks::bigint FROM passages" \
  " UNION ALL SELECT place, chunks FROM frequency"  \
  " UNION ALL SELECT -1::bigint, id FROM best"
// The server takes no account of how long it takes to read the terms of all chunks, stored apart as
// they are, where the index need not.
constexpr std::string_view kByIndex = "SELECT set_config('enable_seqscan', 'off', true)";
constexpr std::string_view kFindTerms = HOLDFAST_FOUND
    " weighted AS MATERIALIZED (SELECT f.id, sum(q.weight)::real AS weight,"
    " min(f.title_length) AS title_length, min(f.length) AS length"
    " FROM found AS f JOIN frequency AS q USING (place)"
    " WHERE ($2::bigint = 0 OR f.document = ANY($3::bigint[])) GROUP BY f.id),"
    " near AS MATERIALIZED (SELECT * FROM weighted WHERE weight >= coalesce((SELECT weight"
    " FROM weighted ORDER BY weight DESC OFFSET $4 - 1 LIMIT 1), 0))," HOLDFAST_ORDERED
    " best AS (SELECT id FROM ordered LIMIT $4)" HOLDFAST_ROWS;
// The chunks have all phrases, which may be of words that nothing is found by. Which of them have
// all the words, the index tells; whether they stand one after the other, only the terms of a
// chunk, which are read from the best on, until there are enough.
constexpr std::string_view kFindPhrases = HOLDFAST_FOUND
    " near AS MATERIALIZED (SELECT id, coalesce(sum(weight), 0)::real AS weight,"
    " max(title_length) AS title_length, max(length) AS length FROM ("
    "SELECT id, NULL::float8 AS weight, length(title) AS title_length,"
    " octet_length(text) AS length FROM holdfast.chunk WHERE terms @@ $6::text::tsquery"
    " AND ($2::bigint = 0 OR document = ANY($3::bigint[]))"
    " UNION ALL SELECT f.id, q.weight, NULL, NULL FROM found AS f JOIN frequency AS q"
    " USING (place)) AS known GROUP BY id HAVING max(length) IS NOT NULL)," HOLDFAST_ORDERED
    " best AS (SELECT o.id FROM ordered AS o WHERE (SELECT c.terms @@ $7::text::tsquery"
    " FROM holdfast.chunk AS c WHERE c.id = o.id) LIMIT $4)" HOLDFAST_ROWS;
#undef HOLDFAST_FOUND
#undef HOLDFAST_ORDERED
#undef HOLDFAST_ROWS
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

// What tells of the terms of a chunk, as terms, too: those of the title, and those that are in the
// text at least so often. No word has the sign.
constexpr std::string_view kInTitle = "^";
struct Often {
  std::size_t times;
  std::string_view mark;
};
constexpr std::array<Often, 3> kOften{{{2, "2^"}, {4, "4^"}, {8, "8^"}}};

// A stem is marked without its language: most are the same in many.
std::string_view without_language(std::string_view term) {
  return term.substr(term.find('_') + 1);
}

std::string any_marked(std::string_view mark, const search::Term& term) {
  std::set<std::string_view> spellings{without_language(term.word)};
  for (const std::string& variant : term.variants)
    spellings.insert(without_language(variant));
  std::string query;
  for (const std::string_view spelling : spellings)
    query += fmt::format("{}'{}{}'", query.empty() ? "" : " | ", mark, spelling);
  return query;
}

// The words of each phrase with `between` them.
std::string all_phrases(const search::Query& query, std::string_view between) {
  const std::string separator = fmt::format("' {} '", between);
  std::string all;
  for (const auto& phrase : query.phrases) {
    std::string any;
    for (const auto& spelling : phrase) {
      if (!any.empty()) any += " | ";
      any += fmt::format("('{}')", fmt::join(spelling, separator));
    }
    if (!all.empty()) all += " & ";
    all += "(" + any + ")";
  }
  return all;
}

// Until visit(term) returns false.
template <class Visit>
void each_term(std::string_view terms, Visit visit) {
  while (!terms.empty()) {
    const std::size_t end = std::min(terms.find(' '), terms.size());
    if (!visit(terms.substr(0, end))) return;
    terms.remove_prefix(std::min(end + 1, terms.size()));
  }
}

void append_marks(std::string& out, std::string_view title_terms, std::string_view text_terms) {
  each_term(title_terms, [&](std::string_view term) {
    if (term != search::kUnordered) out += fmt::format("'{}{}' ", kInTitle, without_language(term));
    return true;
  });
  std::unordered_map<std::string_view, std::size_t> times;
  each_term(text_terms, [&](std::string_view term) {
    if (term == search::kUnordered) return false;
    const std::size_t count = ++times[term];
    for (const Often& often : kOften) {
      if (count == often.times) out += fmt::format("'{}{}' ", often.mark, term);
    }
    return true;
  });
}

// Appends terms; returns the position after the last word. Those of the title have its weight, and
// so all have a position: that of the unordered ones is next to no word's.
std::size_t append_terms(std::string& out, std::string_view terms, std::size_t position,
                         bool of_title) {
  const std::string_view weight = of_title ? "A" : "";
  bool ordered = true;
  each_term(terms, [&](std::string_view term) {
    if (term == search::kUnordered) {
      ordered = false;
    } else if (ordered) {
      out += fmt::format("'{}':{}{} ", term, std::min(position++, kPositions), weight);
    } else if (of_title) {
      out += fmt::format("'{}':{}{} ", term, std::min(position + 1, kPositions), weight);
    } else {
      out += fmt::format("'{}' ", term);
    }
    return out.size() < 3 * kIndexedBytes;
  });
  return position;
}

}  // namespace

std::string terms_vector(std::string_view title_terms, std::string_view text_terms) {
  // Never empty: that is how older releases tell chunks without terms apart.
  std::string out = fmt::format("'{}' ", search::kUnordered);
  text_terms = text_terms.substr(0, std::min(text_terms.size(), kIndexedBytes));
  append_marks(out, title_terms, text_terms);
  const std::size_t position = append_terms(out, title_terms, 1, true);
  append_terms(out, text_terms, position + kGap, false);
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
  // First those of the titles, then each of how often.
  std::vector<std::string> marks;
  for (const std::size_t place : places)
    marks.push_back(any_marked(kInTitle, query.terms[place]));
  for (const Often& often : kOften) {
    for (const std::size_t place : places)
      marks.push_back(any_marked(often.mark, query.terms[place]));
  }
  const std::vector<std::int64_t> nothing;
  Statement statement(query.phrases.empty() ? kFindTerms : kFindPhrases);
  statement.bind(terms, static_cast<std::int64_t>(admitted != nullptr ? 1 : 0),
                 admitted != nullptr ? *admitted : nothing, static_cast<std::int64_t>(limit),
                 marks);
  if (!query.phrases.empty()) statement.bind(all_phrases(query, "&"), all_phrases(query, "<->"));
  const std::array<Statement, 2> statements{Statement(kByIndex), std::move(statement)};
  const Rows rows = std::move(transaction.run(statements).back());
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
