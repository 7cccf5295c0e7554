// SPDX-License-Identifier: Apache-2.0
// The target of a request line: what is accepted can be read in one way only.
#include "common/http/message.hpp"
#include "common/http/syntax.hpp"
#include "common/text/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

using namespace holdfast;
using namespace holdfast::http;
using holdfast::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target = holdfast::fuzz::text_of(data, size);
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
  if (!parse_target(target, path, query)) return 0;
  require(path.size() <= target.size(), "decoding does not grow");
  require(path.starts_with('/'), "a path begins with a slash");
  require(text::is_utf8(path) && is_field_value(path), "a path is text without control characters");
  require(path.find('\\') == std::string::npos, "a path has no backslash");
  for (const char* segment : {"/./", "/../"})
    require((path + "/").find(segment) == std::string::npos, "a path has no dot segment");
  // As many segments before as after: no escape made a new one.
  const std::string_view raw = target.substr(0, target.find('?'));
  require(std::count(raw.begin(), raw.end(), '/') == std::count(path.begin(), path.end(), '/'),
          "an escape makes no segment");
  for (const auto& [name, value] : query) {
    require(text::is_utf8(name) && text::is_utf8(value), "a query is UTF-8");
    require((name + value).find('\0') == std::string::npos, "a query has no NUL");
  }
  return 0;
}
