// SPDX-License-Identifier: Apache-2.0
#include "common/base/duration.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace holdfast {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t size;
};

constexpr std::array kTimeUnits{
    Unit{"d", 86'400'000'000'000}, Unit{"h", 3'600'000'000'000}, Unit{"m", 60'000'000'000},
    Unit{"s", 1'000'000'000},      Unit{"ms", 1'000'000},        Unit{"us", 1'000},
};

constexpr std::array kByteUnits{
    Unit{"B", 1},      Unit{"KiB", 1LL << 10}, Unit{"MiB", 1LL << 20},    Unit{"GiB", 1LL << 30},
    Unit{"KB", 1'000}, Unit{"MB", 1'000'000},  Unit{"GB", 1'000'000'000},
};

template <std::size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// Removes "<digits><letters>" from the front of `text`.
bool take_term(std::string_view& text, std::int64_t& number, std::string_view& unit) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  std::size_t length = 0;
  while (length < text.size() && (text[length] < '0' || text[length] > '9'))
    ++length;
  unit = text.substr(0, length);
  text.remove_prefix(length);
  return true;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not a duration: write a number with a unit, such as "
                            "\"250ms\", \"30s\", \"5m\" or \"1h30m\"",
                            text));
  };
  if (text.empty()) return bad();
  std::int64_t total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    std::int64_t number = 0;
    std::string_view name;
    if (!take_term(rest, number, name)) return bad();
    const Unit* unit = find_unit(kTimeUnits, name);
    std::int64_t term = 0;
    if (unit == nullptr || __builtin_mul_overflow(number, unit->size, &term) ||
        __builtin_add_overflow(total, term, &total)) {
      return bad();
    }
  }
  return Duration(total);
}

std::string format_duration(Duration duration) {
  std::int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (ms == 0) return "0s";
  std::string out;
  if (ms < 0) {
    out = "-";
    ms = -ms;
  }
  for (const Unit& unit : kTimeUnits) {
    const std::int64_t size = unit.size / 1'000'000;
    if (size == 0 || ms < size) continue;
    out += fmt::format("{}{}", ms / size, unit.name);
    ms %= size;
  }
  return out;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::int64_t number = 0;
  std::string_view name;
  std::string_view rest = text;
  std::int64_t bytes = 0;
  const Unit* unit = nullptr;
  if (take_term(rest, number, name) && rest.empty()) unit = find_unit(kByteUnits, name);
  if (unit == nullptr || __builtin_mul_overflow(number, unit->size, &bytes)) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not a size: write a number with a unit, such as \"16KiB\" "
                            "or \"10MiB\"",
                            text));
  }
  return static_cast<std::uint64_t>(bytes);
}

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t index = 0;
  while (value >= 1024 && index + 1 < kNames.size()) {
    value /= 1024;
    ++index;
  }
  return index == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kNames[index]);
}

}  // namespace holdfast
