// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/values.hpp"

#include "common/text/number.hpp"
#include "common/text/utf8.hpp"

#include <bit>
#include <cstring>

namespace holdfast::store::postgres {

namespace {

// From PostgreSQL's catalogue; they never change.
constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kText = 25;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;
constexpr Oid kByteaArray = 1001;
constexpr Oid kTextArray = 1009;
constexpr Oid kFloat4Array = 1021;
constexpr Oid kInt8Array = 1016;

template <class Integer>
std::string big_endian(Integer value) {
  std::string bytes(sizeof value, '\0');
  for (std::size_t i = 0; i < sizeof value; ++i) {
    bytes[sizeof value - 1 - i] = static_cast<char>(value & 0xff);
    value = static_cast<Integer>(value >> 8);
  }
  return bytes;
}

// A one-dimensional array without NULLs, as array_recv() reads it.
template <class Element>
std::string array_of(Oid type, std::size_t count, Element element) {
  std::string bytes;
  for (const std::uint32_t field :
       {std::uint32_t{count > 0 ? 1u : 0u}, std::uint32_t{0}, std::uint32_t{type}})
    bytes += big_endian(field);
  if (count > 0) bytes += big_endian(static_cast<std::uint32_t>(count)) + big_endian(1u);
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = element(i);
    bytes += big_endian(static_cast<std::uint32_t>(value.size()));
    bytes += value;
  }
  return bytes;
}

std::string array_of(Oid type, const std::vector<std::optional<std::string_view>>& values) {
  std::string bytes;
  for (const std::uint32_t field :
       {std::uint32_t{values.empty() ? 0u : 1u}, std::uint32_t{1}, std::uint32_t{type}})
    bytes += big_endian(field);
  if (!values.empty())
    bytes += big_endian(static_cast<std::uint32_t>(values.size())) + big_endian(1u);
  for (const auto& value : values) {
    bytes += big_endian(value ? static_cast<std::uint32_t>(value->size()) : ~std::uint32_t{0});
    if (value) bytes += *value;
  }
  return bytes;
}

}  // namespace

std::size_t Statement::size() const {
  std::size_t total = 0;
  for (const Parameter& parameter : parameters_)
    total += parameter.outside ? parameter.outside->size() : parameter.own.size();
  return total;
}

Statement::Wire Statement::wire() const {
  Wire wire;
  for (const Parameter& parameter : parameters_) {
    const std::string_view value = parameter.outside.value_or(std::string_view(parameter.own));
    // A null pointer is NULL, also to libpq; an empty value is not.
    wire.values.push_back(parameter.null ? nullptr : value.data() != nullptr ? value.data() : "");
    wire.lengths.push_back(static_cast<int>(value.size()));
    wire.formats.push_back(1);
    wire.types.push_back(parameter.type);
  }
  return wire;
}

void Statement::add(std::int64_t value) {
  parameters_.push_back({kInt8, false, big_endian(static_cast<std::uint64_t>(value)), {}});
}

void Statement::add(bool value) {
  parameters_.push_back({kBool, false, std::string(1, value ? '\1' : '\0'), {}});
}

void Statement::add(double value) {
  parameters_.push_back({kFloat8, false, big_endian(std::bit_cast<std::uint64_t>(value)), {}});
}

void Statement::add(const std::string& value) {
  parameters_.push_back({kText, false, value, {}});
}

void Statement::add(const Uncopied& value) {
  parameters_.push_back({kText, false, {}, value.text});
}

void Statement::add(const Bytes& value) {
  parameters_.push_back({kBytea, false, {}, value.bytes});
}

void Statement::add(const std::optional<std::int64_t>& value) {
  if (value) return add(*value);
  parameters_.push_back({kInt8, true, {}, {}});
}

void Statement::add(const std::vector<std::int64_t>& values) {
  parameters_.push_back(
      {kInt8Array,
       false,
       array_of(kInt8, values.size(),
                [&](std::size_t i) { return big_endian(static_cast<std::uint64_t>(values[i])); }),
       {}});
}

void Statement::add(const std::vector<float>& values) {
  parameters_.push_back(
      {kFloat4Array,
       false,
       array_of(kFloat4, values.size(),
                [&](std::size_t i) { return big_endian(std::bit_cast<std::uint32_t>(values[i])); }),
       {}});
}

void Statement::add(const std::vector<std::string>& values) {
  parameters_.push_back(
      {kTextArray,
       false,
       array_of(kText, values.size(), [&](std::size_t i) { return std::string_view(values[i]); }),
       {}});
}

void Statement::add(const BytesList& values) {
  parameters_.push_back({kByteaArray,
                         false,
                         array_of(kBytea, values.size(), [&](std::size_t i) { return values[i]; }),
                         {}});
}

void Statement::add(const NullableTexts& values) {
  parameters_.push_back({kTextArray, false, array_of(kText, values.values), {}});
}

void Statement::add(const NullableBytes& values) {
  parameters_.push_back({kByteaArray, false, array_of(kBytea, values.values), {}});
}

std::int64_t Rows::affected() const {
  if (!result_) return 0;
  return text::parse_number<std::int64_t>(libpq().PQcmdTuples(result_.get())).value_or(0);
}

std::string_view Rows::command() const {
  return result_ ? libpq().PQcmdStatus(result_.get()) : "";
}

bool Rows::is_null(int row, int column) const {
  return libpq().PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Rows::bytes(int row, int column) const {
  return {libpq().PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(libpq().PQgetlength(result_.get(), row, column))};
}

std::int64_t Rows::integer(int row, int column) const {
  const std::string_view value = bytes(row, column);
  if (value.empty()) return 0;
  // Sign-extended from its own width. A boolean is one byte, 0 or 1.
  std::uint64_t result = (static_cast<unsigned char>(value[0]) & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : value)
    result = result << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(result);
}

double Rows::real(int row, int column) const {
  const auto bits = static_cast<std::uint64_t>(integer(row, column));
  if (bytes(row, column).size() == sizeof(float)) {
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  return std::bit_cast<double>(bits);
}

std::optional<std::int64_t> Rows::optional_integer(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return integer(row, column);
}

bool is_storable_text(std::string_view text) {
  return text.find('\0') == std::string_view::npos && text::is_utf8(text);
}

std::string storable_text(std::string_view text) {
  std::string stored;
  stored.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = text::utf8_sequence(text);
    if (length == 0 || text.front() == '\0') {
      stored += text::kReplacementUtf8;
    } else {
      stored += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return stored;
}

}  // namespace holdfast::store::postgres
