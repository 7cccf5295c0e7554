// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/queue/figures.hpp"

#include "tests/bench/common/measure.hpp"
#include "tests/bench/common/table.hpp"

#include <algorithm>

namespace holdfast::bench {

Figures::Figures(std::string title, std::vector<std::string> columns)
    : title_(std::move(title)), columns_(std::move(columns)) {}

void Figures::add(const std::string& row, const std::string& column, double value) {
  if (std::find(rows_.begin(), rows_.end(), row) == rows_.end()) rows_.push_back(row);
  values_[{row, column}].push_back(value);
}

void Figures::compare(const std::string& row, const std::string& floor) {
  floors_[row] = floor;
}

double Figures::median_of(const std::string& row, const std::string& column) const {
  const auto found = values_.find({row, column});
  return found == values_.end() ? -1 : median(found->second);
}

void Figures::print(int decimals) const {
  std::vector<std::string> head{""};
  head.insert(head.end(), columns_.begin(), columns_.end());
  Table table(title_, head);
  for (const std::string& row : rows_) {
    std::vector<std::string> cells{row};
    for (const std::string& column : columns_)
      cells.push_back(number(median_of(row, column), decimals));
    table.add(cells);
    const auto floor = floors_.find(row);
    if (floor == floors_.end()) continue;
    cells = {"  = of " + floor->second};
    for (const std::string& column : columns_) {
      const double own = median_of(row, column);
      const double its = median_of(floor->second, column);
      cells.push_back(number(own < 0 || its <= 0 ? -1 : own / its, 2));
    }
    table.add(cells);
  }
  table.print();
}

}  // namespace holdfast::bench
