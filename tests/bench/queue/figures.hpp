// SPDX-License-Identifier: Apache-2.0
#pragma once

// Figures: what several rounds gave, and a table of the medians.

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::bench {

class Figures {
 public:
  Figures(std::string title, std::vector<std::string> columns);
  // A row appears where it was first added to.
  void add(const std::string& row, const std::string& column, double value);
  // The ratio of `row` to `floor` of the same column, as a row of its own below it.
  void compare(const std::string& row, const std::string& floor);
  void print(int decimals) const;

 private:
  double median_of(const std::string& row, const std::string& column) const;  // -1: none

  std::string title_;
  std::vector<std::string> columns_;
  std::vector<std::string> rows_;
  std::map<std::pair<std::string, std::string>, std::vector<double>> values_;
  std::map<std::string, std::string> floors_;  // by row
};

}  // namespace holdfast::bench
