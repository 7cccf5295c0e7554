// SPDX-License-Identifier: Apache-2.0
#include "common/log/secret_options.hpp"

#include <algorithm>
#include <array>

namespace holdfast::log {

namespace {

constexpr std::array kShortOptions = {
    ShortOption{"redis-", 'a', ShortOption::Apart},
    ShortOption{"valkey-", 'a', ShortOption::Apart},
    ShortOption{"mysql", 'p', ShortOption::Attached},
    ShortOption{"mariadb", 'p', ShortOption::Attached},
    ShortOption{"sshpass", 'p', ShortOption::Both},
    ShortOption{"ldap", 'w', ShortOption::Both},
    ShortOption{"mongo", 'p', ShortOption::Both},
    ShortOption{"mosquitto_", 'P', ShortOption::Apart},
    ShortOption{"useradd", 'p', ShortOption::Apart},
    ShortOption{"usermod", 'p', ShortOption::Apart},
    ShortOption{"snmp", 'A', ShortOption::Apart},
    ShortOption{"snmp", 'X', ShortOption::Apart},
    ShortOption{"sqlcmd", 'P', ShortOption::Both},
    ShortOption{"ipmitool", 'P', ShortOption::Both},
    ShortOption{"zip", 'P', ShortOption::Both},
    ShortOption{"unzip", 'P', ShortOption::Both},
    ShortOption{"login", 'p', ShortOption::Both},  // docker login, podman login
    ShortOption{"7z", 'p', ShortOption::Attached},
    ShortOption{"openssl", 'k', ShortOption::Apart},
    ShortOption{"openssl", 'K', ShortOption::Apart},
};

}  // namespace

const ShortOption* options_of(std::string_view program) {
  const auto* const found =
      std::find_if(kShortOptions.begin(), kShortOptions.end(),
                   [&](const ShortOption& one) { return program.starts_with(one.program); });
  return found == kShortOptions.end() ? nullptr : found;
}

const ShortOption* short_option(const ShortOption* of, std::string_view word) {
  if (of == nullptr || word.size() < 2 || word[0] != '-') return nullptr;
  for (const ShortOption* one = of; one != kShortOptions.data() + kShortOptions.size(); ++one) {
    if (one->program != of->program) break;
    if (one->letter != word[1]) continue;
    if (one->form != (word.size() == 2 ? ShortOption::Attached : ShortOption::Apart)) return one;
  }
  return nullptr;
}

std::size_t secret_of_account(std::string_view option, std::string_view account) {
  auto mark = account.find(':');
  if (mark == std::string_view::npos && !option.starts_with("-u")) mark = account.find('%');
  return mark == std::string_view::npos ? mark : mark + 1;
}

bool names_an_account(std::string_view option) {
  return option == "-u" || option == "-U" || option == "--user" || option == "--proxy-user";
}

}  // namespace holdfast::log
