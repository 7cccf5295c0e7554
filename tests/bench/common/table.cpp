// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/common/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace holdfast::bench {

Table::Table(std::string title, std::vector<std::string> columns) : title_(std::move(title)) {
  rows_.push_back(std::move(columns));
}

void Table::add(std::vector<std::string> row) {
  rows_.push_back(std::move(row));
}

void Table::print() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  fmt::print("\n{}\n", title_);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      fmt::print("{}", i == 0 ? fmt::format("  {:<{}}", row[i], widths[i])
                              : fmt::format("  {:>{}}", row[i], widths[i]));
    }
    fmt::print("\n");
  }
  std::fflush(stdout);
}

std::string number(double value, int decimals) {
  return value < 0 ? "-" : fmt::format("{:.{}f}", value, decimals);
}

}  // namespace holdfast::bench
