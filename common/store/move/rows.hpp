// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tables and rows on their way from one engine to the other. Values; one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::store::move {

struct Column {
  std::string name;
  std::string type;  // PostgreSQL's: "bigint", "text", "bytea"
};

struct Table {
  std::string name;
  std::string key;              // an integer by which it is read in batches; empty: in one go
  std::vector<Column> columns;  // that both sides have
};

// One value for each column, as text, or as bytes for a bytea.
using Row = std::vector<std::optional<std::string>>;

struct Batch {
  std::vector<Row> rows;
  std::int64_t after = 0;  // the keys that it covers: above this,
  std::int64_t last = 0;   // up to this
  bool end = false;        // nothing comes after it
};

// The sum of the rows' digests, in any order. The target computes the same (target.cpp).
class Checksum {
 public:
  void add(const Row& row);
  std::int64_t value() const { return static_cast<std::int64_t>(sum_); }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace holdfast::store::move
