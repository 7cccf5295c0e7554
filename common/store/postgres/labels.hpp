// SPDX-License-Identifier: Apache-2.0
#pragma once

// Labels of documents in the database. Threads: the connection's; these throw SqlFailure.

#include "common/store/postgres/transaction.hpp"
#include "common/store/types.hpp"

#include <optional>
#include <vector>

namespace holdfast::store::postgres {

// The documents that the query is narrowed to, by seq; none if it is not.
std::optional<std::vector<std::int64_t>> admitted(Transaction& transaction,
                                                  const SearchQuery& query);

// Adds the labels that they lack to up to `limit` embedded documents after `after`: those that have
// none, and, `from_before`, all that are ready, as a release before made fewer (of "100.0" no
// "100"). The last document looked at; none: there are no more.
std::optional<std::int64_t> label_missing(Transaction& transaction, std::int64_t after,
                                          std::int64_t limit, bool from_before);

}  // namespace holdfast::store::postgres
