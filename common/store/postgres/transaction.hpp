// SPDX-License-Identifier: Apache-2.0
#pragma once

// Transaction: the statements of one transaction, sent step by step. BEGIN travels with the first
// of them. What the server refuses travels as SqlFailure, an exception, to the one who has opened
// the transaction, as it does in the embedded engine; nothing above the engine sees it.
//
// Threads: the connection's.

#include "common/store/postgres/connection.hpp"

#include <initializer_list>
#include <span>
#include <string_view>

namespace holdfast::store::postgres {

struct SqlFailure {
  ExchangeError cause;
};

class Transaction {
 public:
  // `kind`: kBegin, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".
  Transaction(PgConnection& connection, std::string_view kind)
      : connection_(connection), kind_(kind) {}
  Transaction(const Transaction&) = delete;
  ~Transaction() { end(); }

  Rows run(const Statement& statement);
  Results run(std::span<const Statement> statements);  // together: one trip to the server

  bool begun() const { return begun_; }
  // Ends it without keeping what it did. A reader has nothing to keep.
  void end() noexcept;

 private:
  friend class Writer;

  PgConnection& connection_;
  std::string_view kind_;
  bool begun_ = false;
};

}  // namespace holdfast::store::postgres
