// SPDX-License-Identifier: Apache-2.0
#include "common/config/mask.hpp"

#include "common/log/redact.hpp"
#include "common/text/ascii.hpp"

namespace holdfast::config {

namespace {

// Shorter secrets are hidden only where they are a whole value: they occur by chance.
constexpr std::size_t kShortest = 4;

void hide(std::string& text, const std::string& secret) {
  if (text == secret) {
    text = std::string(log::kRedacted);
    return;
  }
  if (secret.size() < kShortest) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), log::kRedacted);
    at += log::kRedacted.size();
  }
}

}  // namespace

bool sounds_secret(std::string_view variable) {
  const std::string name = text::to_lower(variable);
  for (const char* part : {"password", "passwd", "secret", "token", "key", "credential"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

void mask(Value& value, const std::set<std::string>& secrets) {
  if (auto* text = std::get_if<std::string>(&value.data)) {
    *text = log::redact_url(*text);
    for (const std::string& secret : secrets)
      hide(*text, secret);
  } else if (auto* array = std::get_if<Array>(&value.data)) {
    for (Value& item : *array)
      mask(item, secrets);
  } else if (auto* table = std::get_if<Table>(&value.data)) {
    for (Member& member : *table) {
      auto* inner = std::get_if<std::string>(&member.value.data);
      if (inner != nullptr && sounds_secret(member.key)) *inner = std::string(log::kRedacted);
      mask(member.value, secrets);
    }
  }
}

}  // namespace holdfast::config
