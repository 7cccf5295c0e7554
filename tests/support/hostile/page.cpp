// SPDX-License-Identifier: Apache-2.0
#include "tests/support/hostile/page.hpp"

#include "common/os/file.hpp"

#include <stdexcept>

namespace holdfast::test {

std::string page_table(const HostileGroup& group) {
  std::string table = "| input | status |\n|---|---|\n";
  for (const HostileRequest& request : group.requests) {
    table += "| " + std::string(request.name) + " | " + std::to_string(request.status) + " |\n";
  }
  return table;
}

std::string page_section(const std::string& title) {
  const auto page = read_file(HOLDFAST_SOURCE_DIR "/docs/http-limits.md");
  if (!page) throw std::runtime_error(page.error().message);
  const std::string heading = "\n### " + title + "\n\n";
  const std::size_t at = page->find(heading);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + heading.size();
  const std::size_t end = page->find("\n#", begin);
  return page->substr(begin, end == std::string::npos ? std::string::npos : end - begin);
}

}  // namespace holdfast::test
