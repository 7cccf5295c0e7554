// SPDX-License-Identifier: Apache-2.0
#pragma once

// An aligned table on standard output: the first column to the left, the others to the right.

#include <string>
#include <vector>

namespace holdfast::bench {

class Table {
 public:
  Table(std::string title, std::vector<std::string> columns);
  void add(std::vector<std::string> row);
  void print() const;

 private:
  std::string title_;
  std::vector<std::vector<std::string>> rows_;
};

std::string number(double value, int decimals = 1);  // "-" below zero: not measured

}  // namespace holdfast::bench
