// SPDX-License-Identifier: Apache-2.0
#include "common/config/secret_fields.hpp"

#include "common/net/url.hpp"
#include "common/text/ascii.hpp"

namespace holdfast::config {

Result<std::string> check_secret(const std::string& text) {
  if (text::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) return text;
  return fail(ErrorKind::InvalidArgument, "must be printable ASCII on one line");
}

Result<std::string> check_proxy(const std::string& text) {
  if (text == "environment" || text == "off") return text;
  const auto url = net::parse_proxy_url(text);
  if (!url) return fail(url.error());
  return text;
}

Field secret_field(std::string key, ReloadEffect on_reload, std::string& value,
                   std::set<std::string>& literal, TextCheck check) {
  Field field = text_field(key, on_reload, value, std::move(check));
  field.read = [key = std::move(key), &value, &literal, read = field.read](const Value& given,
                                                                           Complaints& complaints) {
    read(given, complaints);
    literal.erase(key);
    const bool in_file = given.at.line > 0 && given.written.empty();
    if (in_file && !value.empty()) literal.insert(key);
  };
  return field;
}

}  // namespace holdfast::config
