// SPDX-License-Identifier: Apache-2.0
#include "common/http/head_scanner.hpp"

#include "common/http/syntax.hpp"
#include "common/text/ascii.hpp"

#include <cstring>

namespace holdfast::http {
namespace {

// Room for method, two spaces and version besides the target: more than any real request needs.
constexpr std::size_t kRequestLineExtra = 64;

// Empty lines before a request: old clients send one after a body (RFC 9112, 2.2).
constexpr std::size_t kMaxEmptyLines = 8;

bool is_http_version(std::string_view text) {
  return text.size() == 8 && text.substr(0, 5) == "HTTP/" && text::is_digit(text[5]) &&
         text[6] == '.' && text::is_digit(text[7]);
}

}  // namespace

void HeadScanner::reset() {
  *this = HeadScanner(max_head_bytes_);
}

HeadScanner::State HeadScanner::refuse(int status, const char* detail) {
  refusal_ = {status, detail};
  return State::Refused;
}

std::optional<HeadScanner::State> HeadScanner::check_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refuse(400, "The request line must be 'method target version'.");
  }
  if (last - first - 1 > kMaxTargetBytes) {
    return refuse(414, "The request target is longer than 8 KiB.");
  }
  const std::string_view version = line.substr(last + 1);
  if (!is_http_version(version)) return refuse(400, "The request line has no HTTP version.");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return refuse(505, "This server supports HTTP/1.1 and HTTP/1.0.");
  }
  return std::nullopt;
}

std::optional<HeadScanner::State> HeadScanner::line_ended(std::string_view bytes,
                                                          std::size_t newline) {
  if (newline == line_ || bytes[newline - 1] != '\r') {
    return refuse(400, "A header line ends in LF without CR.");
  }
  const std::string_view line = bytes.substr(line_, newline - 1 - line_);
  line_ = newline + 1;
  if (line.empty()) {
    if (have_request_line_) {
      end_ = newline + 1;
      return State::Complete;
    }
    begin_ = newline + 1;
    if (++empty_lines_ <= kMaxEmptyLines) return std::nullopt;
    return refuse(400, "There are empty lines where a request should be.");
  }
  if (!have_request_line_) {
    have_request_line_ = true;
    return check_request_line(line);
  }
  if (line.front() == ' ' || line.front() == '\t') {
    return refuse(400, "A header field is folded over several lines.");
  }
  if (++fields_ > kMaxFields) return refuse(431, "There are more than 100 header fields.");
  return std::nullopt;
}

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  const std::string_view window = bytes.substr(0, max_head_bytes_);
  while (searched_ < window.size()) {
    // Another protocol (such as a TLS hello) is refused at once instead of at the deadline.
    if (!have_request_line_ && searched_ == line_ && window[line_] != '\r' &&
        window[line_] != '\n' && !is_token_char(window[line_])) {
      return refuse(400, "This is not an HTTP request.");
    }
    const void* found = std::memchr(window.data() + searched_, '\n', window.size() - searched_);
    if (found == nullptr) {
      searched_ = window.size();
      break;
    }
    const auto newline = static_cast<std::size_t>(static_cast<const char*>(found) - window.data());
    searched_ = newline + 1;
    if (const auto state = line_ended(window, newline)) return *state;
  }
  if (!have_request_line_ && window.size() - line_ > kMaxTargetBytes + kRequestLineExtra) {
    return refuse(414, "The request target is longer than 8 KiB.");
  }
  if (bytes.size() >= max_head_bytes_) {
    return have_request_line_ ? refuse(431, "The header fields are too large.")
                              : refuse(414, "The request line is too long.");
  }
  return State::NeedMore;
}

}  // namespace holdfast::http
