// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/transaction.hpp"

namespace holdfast::store::postgres {

Rows Transaction::run(const Statement& statement) {
  Results results = run(std::span(&statement, 1));
  return std::move(results.front());
}

Results Transaction::run(std::span<const Statement> statements) {
  std::vector<Statement> all;
  std::size_t opening = 0;
  if (!begun_) {
    all = connection_.begin(kind_);
    opening = all.size();
    begun_ = true;
  }
  Exchanged<Results> results;
  if (opening == 0) {
    results = connection_.exchange(statements, Within::Transaction);
  } else {
    all.insert(all.end(), statements.begin(), statements.end());
    results = connection_.exchange(all, Within::Transaction);
  }
  if (!results) throw SqlFailure{std::move(results).error()};
  results->erase(results->begin(), results->begin() + static_cast<std::ptrdiff_t>(opening));
  return std::move(*results);
}

void Transaction::end() noexcept {
  if (!begun_) return;
  begun_ = false;
  if (connection_.broken() || !connection_.in_transaction()) return;
  // If it cannot be sent the connection is broken, and the server rolls back by itself.
  (void)connection_.exchange(Statement("ROLLBACK"), Within::Transaction);
}

}  // namespace holdfast::store::postgres
