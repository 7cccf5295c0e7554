// SPDX-License-Identifier: Apache-2.0
#pragma once

// The index of the terms of chunks (search::Analyser), in a tsvector that is made of them as they
// are: the server's own parsers and dictionaries have no part in it.
//
// Threads: pure functions, and the connection's; those throw SqlFailure.

#include "common/search/analyser.hpp"
#include "common/search/ranking.hpp"
#include "common/store/postgres/transaction.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::store::postgres {

// The text of a tsvector: words at their positions, the title's before the text's, the other terms
// without one, and marks, by which the index tells which of them are in the title, and which often
// in the text. What is beyond its limits (a megabyte) is left out.
std::string terms_vector(std::string_view title_terms, std::string_view text_terms);

struct FoundByTerms {
  search::Frequencies frequencies;
  std::vector<std::int64_t> chunks;  // those whose terms are rarest, at most `limit`
};

// Chunks that have any of the terms and all phrases, in documents of `admitted` if it is set.
FoundByTerms find_by_terms(Transaction& transaction, const search::Query& query,
                           const std::vector<std::int64_t>* admitted, std::size_t limit);

// The query with the words that those may stand for that nobody has; none if it has no such words.
// Looks at the words of a thousand chunks at most.
std::optional<search::Query> with_corrections(Transaction& transaction, search::Query query,
                                              const search::Frequencies& frequencies);

// Whether there are chunks without terms, or with terms of an older form.
bool has_older_terms(Transaction& transaction);
// Makes the terms of up to `limit` of them. False: there were none.
bool index_missing(Transaction& transaction, search::Analyser& analyser, std::int64_t limit);

}  // namespace holdfast::store::postgres
