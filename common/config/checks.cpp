// SPDX-License-Identifier: Apache-2.0
#include "common/config/checks.hpp"

#include "common/config/receiver_types.hpp"
#include "common/net/ip_address.hpp"
#include "common/net/url.hpp"

#include <unistd.h>

#include <cerrno>

namespace holdfast::config {

void Checks::problem(const std::string& key, const std::string& message) {
  report_.problem(section_, key, key.empty() ? message : fmt::format("{}: {}", key, message));
}

void Checks::warning(const std::string& key, const std::string& message) {
  report_.warning(section_, key, fmt::format("{}: {}", key, message));
}

void Checks::without_effect(const std::string& key, const std::string& why) {
  if (given(key)) warning(key, "has no effect: " + why);
}

bool Checks::check_secret(const std::string& key, const std::string& text,
                          const std::filesystem::path& file, std::string& value,
                          const char* reader) {
  if (!text.empty() && !file.empty()) {
    problem(key + "_file", fmt::format("'{}' is given as well; keep one of them", key));
    return false;
  }
  auto content = secret_of(text, file);
  if (content) {
    value = std::move(*content);
    return true;
  }
  if (content.error().os_error == EACCES) {
    warning(key + "_file",
            fmt::format("{}; {} has to be able to read it", content.error().message, reader));
    return false;
  }
  problem(key + "_file", content.error().message);
  return false;
}

void Checks::check_url(const std::string& key, const std::string& text) {
  const auto url = net::parse_url(text);
  if (!url) return problem(key, url.error().message);
  const auto address = net::IpAddress::parse(url->host);
  const bool local = url->host == "localhost" || (address && address->is_loopback());
  if (url->scheme == net::Url::Scheme::Http && !local) {
    warning(key, fmt::format("what is sent to {} can be read on its way: use https://",
                             url->host_field()));
  }
}

void Checks::check_ca_file(const std::filesystem::path& file) {
  if (file.empty() || ::access(file.c_str(), R_OK) == 0 || errno == EACCES) return;
  problem("ca_file", fmt::format("there is no file '{}'", file.native()));
}

void Checks::warn_of_literal(const std::string& key) {
  warning(key, fmt::format("a secret stands in the file; keep it in a file of its own "
                           "({}_file) or in the environment (\"${{NAME}}\")",
                           key));
}

}  // namespace holdfast::config
