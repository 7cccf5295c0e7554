// SPDX-License-Identifier: Apache-2.0
#include "common/http/response_writer.hpp"

#include "common/text/ascii.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>

namespace holdfast::http {
namespace {

// A handler that returns a status which no final response may have is defective.
int final_status(int status) {
  return status >= 200 && status <= 599 ? status : 500;
}

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

bool is_framing(std::string_view name) {
  switch (name.size()) {
    case 10:
      return text::equals_ignoring_case(name, "Connection") ||
             text::equals_ignoring_case(name, "Keep-Alive");
    case 14: return text::equals_ignoring_case(name, "Content-Length");
    case 17: return text::equals_ignoring_case(name, "Transfer-Encoding");
    default: return false;
  }
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace

std::string http_date(WallTime time) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = WallTime::clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                     kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

bool asks_to_close(const Response& response) {
  if (response.close) return true;
  const std::string* connection = response.headers.find("Connection");
  return connection != nullptr && text::equals_ignoring_case(*connection, "close");
}

bool write_head(const Response& response, const WriteOptions& options, std::string& head) {
  const int status = final_status(response.status);
  head.assign("HTTP/1.1 ");
  append_number(head, static_cast<std::uint64_t>(status));
  head += ' ';
  head += reason_phrase(status);
  head += "\r\n";
  bool dated = false;
  for (const auto& [name, value] : response.headers.fields()) {
    if (is_framing(name)) continue;
    dated = dated || text::equals_ignoring_case(name, "Date");
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
  }
  if (response.shared) head += response.shared->lines();
  if (!dated) {
    head += "Date: ";
    head += options.date;
    head += "\r\n";
  }
  if (!has_no_body(status) && !response.stream) {
    head += "Content-Length: ";
    append_number(head, response.body.size());
    head += "\r\n";
  }
  if (options.close) head += "Connection: close\r\n";
  head += "\r\n";
  return !options.to_head && !has_no_body(status) && !response.body.empty();
}

}  // namespace holdfast::http
