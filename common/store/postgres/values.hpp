// SPDX-License-Identifier: Apache-2.0
#pragma once

// What goes to PostgreSQL and what comes back: Statement, the text of a statement with its
// parameters; Rows, its result. Both in the protocol's binary format, so that no value is escaped,
// and bytes stay bytes.
//
// Threads: values; one thread at a time.

#include "common/store/postgres/libpq.hpp"
#include "common/store/types.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::store::postgres {

// Bytes, as opposed to text. They must outlive the statement.
struct Bytes {
  std::string_view bytes;
};
inline Bytes bytes_of(std::span<const float> vector) {
  return {{reinterpret_cast<const char*>(vector.data()), vector.size_bytes()}};
}

// Text that is not copied: it must outlive the statement.
struct Uncopied {
  std::string_view text;
};

using BytesList = std::vector<std::string_view>;  // bytea[]; what it refers to outlives bind()

// Arrays with NULLs. What they refer to outlives bind().
struct NullableTexts {
  std::vector<std::optional<std::string_view>> values;
};
struct NullableBytes {
  std::vector<std::optional<std::string_view>> values;
};

class Statement {
 public:
  // `sql` ends with a NUL and lives as long as every connection that it is used on: each prepares
  // it once, and knows it by its address.
  explicit Statement(std::string_view sql) : sql_(sql) {}

  // Binds $1, $2, … in order. An unset optional is NULL.
  template <class... Values>
  Statement& bind(const Values&... values) & {
    (add(values), ...);
    return *this;
  }
  template <class... Values>
  Statement&& bind(const Values&... values) && {
    (add(values), ...);
    return std::move(*this);
  }

  std::string_view sql() const { return sql_; }
  std::size_t size() const;  // of the parameters, in bytes

  // As libpq wants them. Valid until the statement changes.
  struct Wire {
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    std::vector<Oid> types;
  };
  Wire wire() const;

 private:
  struct Parameter {
    Oid type = 0;
    bool null = false;
    std::string own;
    std::optional<std::string_view> outside;
  };

  void add(std::int64_t value);
  void add(bool value);
  void add(double value);
  void add(const std::string& value);
  void add(const Uncopied& value);
  void add(const Bytes& value);
  void add(const std::optional<std::int64_t>& value);
  void add(const std::vector<std::int64_t>& values);
  void add(const std::vector<float>& values);
  void add(const std::vector<std::string>& values);
  void add(const BytesList& values);
  void add(const NullableTexts& values);
  void add(const NullableBytes& values);
  void add(const char*) = delete;
  void add(int) = delete;  // say which integer is meant

  std::string_view sql_;
  std::vector<Parameter> parameters_;
};

class Rows {
 public:
  Rows() = default;
  explicit Rows(PGresult* result) : result_(result) {}

  int count() const { return result_ ? libpq().PQntuples(result_.get()) : 0; }
  bool empty() const { return count() == 0; }
  std::int64_t affected() const;     // rows that an INSERT, UPDATE or DELETE touched
  std::string_view command() const;  // "COMMIT", "ROLLBACK", "INSERT 0 1"

  const PGresult* raw() const { return result_.get(); }

  bool is_null(int row, int column) const;
  std::int64_t integer(int row, int column) const;  // of any width; NULL is 0
  bool boolean(int row, int column) const { return integer(row, column) != 0; }
  double real(int row, int column) const;  // float4 or float8
  std::string text(int row, int column) const { return std::string(bytes(row, column)); }
  std::string_view bytes(int row, int column) const;  // as long as the rows live
  std::optional<std::int64_t> optional_integer(int row, int column) const;

 private:
  struct Clear {
    void operator()(PGresult* result) const { libpq().PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

// Whether a text column can hold it: valid UTF-8 without NUL. What people send as an id and is not
// such text names nothing that is stored.
bool is_storable_text(std::string_view text);
// The same text with what cannot be stored replaced: for messages.
std::string storable_text(std::string_view text);

}  // namespace holdfast::store::postgres
