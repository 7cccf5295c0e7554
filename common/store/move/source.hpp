// SPDX-License-Identifier: Apache-2.0
#pragma once

// Source: a SQLite file that is being moved, held so that no other process can open it: an API
// worker that went on storing documents in it would lose them. Threads: one.

#include "common/base/result.hpp"
#include "common/store/move/rows.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::store::move {

class Source {
 public:
  // Conflict: another process has it open. Unavailable: its log belongs to another file
  // (sqlite/log_owner.hpp), or it is being restored.
  static Result<Source> open(const std::filesystem::path& path);

  // All of them in an order in which each can be stored, with the columns of this side.
  Result<std::vector<Table>> tables();
  Result<std::int64_t> count(const Table& table);
  // The next batch of rows whose key is above `after`, or all of a table without such a key.
  Result<Batch> read(const Table& table, std::int64_t after);

  // The highest number that each table has ever used for a row.
  Result<std::map<std::string, std::int64_t>> sequences();
  // The same for as long as the database lives, and another one for every other.
  Result<std::string> identity();

  std::int64_t changed_text() const { return changed_text_; }
  std::string describe() const { return "sqlite " + path_.native(); }

 private:
  Source(std::filesystem::path path, std::unique_ptr<SQLite::Database> database)
      : path_(std::move(path)), database_(std::move(database)) {}

  Error to_error(const SQLite::Exception& exception) const;
  Row read_row(const Table& table, SQLite::Statement& statement);

  std::filesystem::path path_;
  std::unique_ptr<SQLite::Database> database_;
  std::int64_t changed_text_ = 0;
};

}  // namespace holdfast::store::move
