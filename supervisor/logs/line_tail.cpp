// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/line_tail.hpp"

#include <algorithm>

namespace holdfast::supervisor::logs {

void LineTail::append(std::string_view lines, std::size_t kept) {
  text_.append(lines);
  // Trim only at twice the bound, so that the cost of moving is amortized.
  if (text_.size() <= 2 * kept) return;
  const std::size_t start = text_.find('\n', text_.size() - kept - 2);
  text_.erase(0, start + 1);
}

std::vector<std::string> LineTail::last(std::size_t count) const {
  std::vector<std::string> lines;
  std::string_view rest = text_;
  while (!rest.empty() && lines.size() < count) {
    rest.remove_suffix(1);
    const std::size_t start = rest.rfind('\n') + 1;  // npos + 1 is 0
    lines.emplace_back(rest.substr(start));
    rest = rest.substr(0, start);
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> ProcessTail::last(std::size_t count) const {
  const std::vector<std::string> errors = err.last(count - count / 4);
  std::vector<std::string> result = out.last(count - errors.size());
  result.insert(result.end(), errors.begin(), errors.end());
  return result;
}

}  // namespace holdfast::supervisor::logs
