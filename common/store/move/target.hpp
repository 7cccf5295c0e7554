// SPDX-License-Identifier: Apache-2.0
#pragma once

// Target: the PostgreSQL database that a file is moved into, and how far that is. Threads: one.

#include "common/base/result.hpp"
#include "common/store/move/rows.hpp"
#include "common/store/postgres/connection.hpp"
#include "common/store/postgres/transaction.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::store::move {

// How far a table is.
struct Position {
  std::int64_t key = 0;
  bool end = false;
};

class Target {
 public:
  // Unavailable unless the schema is there and is this binary's. InvalidArgument behind a pooler.
  static Result<Target> open(const postgres::Endpoint& endpoint);

  // What the move of this source has come to here. Conflict: the database holds something else, is
  // in use, or another move is running.
  enum class Standing { New, Begun, Complete };
  Result<Standing> begin(const std::string& source, const std::vector<Table>& tables);

  // The types of these columns, and without those that the target has no use for. InvalidArgument
  // if it lacks what the source has.
  Result<std::vector<Table>> match(std::vector<Table> tables);

  Result<Position> position(const Table& table);
  // Stores the batch and the position behind it in one transaction.
  Result<void> store(const Table& table, const Batch& batch);

  struct Sum {
    std::int64_t rows = 0;
    std::int64_t checksum = 0;
  };
  // Of the rows with a key above `after` and up to `last`; of all if there is no key.
  Result<Sum> sum(const Table& table, std::int64_t after, std::int64_t last);
  Result<std::int64_t> count(const Table& table);

  // Numbers that were used are not used again, and searches notice what has come. `checksums`: of
  // what was moved, by which a repeated move tells whether the file has changed since then.
  Result<void> complete(const std::map<std::string, std::int64_t>& sequences,
                        const std::string& checksums);

  // Of a source that was moved before. Conflict if it has numbered other rows since then.
  Result<void> check_numbers(const std::map<std::string, std::int64_t>& sequences);
  // As given to complete(); nothing if an older release has done it.
  Result<std::optional<std::string>> checksums();

  const std::string& describe() const { return connection_->endpoint().shown; }

 private:
  explicit Target(std::unique_ptr<postgres::PgConnection> connection)
      : connection_(std::move(connection)) {}

  postgres::Statement statement(std::string sql);
  Result<void> commit(postgres::Transaction& transaction);

  // A statement is known by where its text is.
  std::unique_ptr<std::map<std::string, std::string>> texts_ =
      std::make_unique<std::map<std::string, std::string>>();
  std::unique_ptr<postgres::PgConnection> connection_;
};

}  // namespace holdfast::store::move
