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
// none, and those whose whole numbers the release before has labelled. The last document looked at;
// none: there are no more.
std::optional<std::int64_t> label_missing(Transaction& transaction, std::int64_t after,
                                          std::int64_t limit);

}  // namespace holdfast::store::postgres
