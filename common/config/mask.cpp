// SPDX-License-Identifier: Apache-2.0
#include "common/config/mask.hpp"

#include "common/log/redact.hpp"

#include <utility>
#include <vector>

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

// Of a command, an argument may tell that the next one is a secret.
void mask_arguments(Array& array) {
  std::vector<std::string> texts;
  for (const Value& item : array) {
    const auto* text = std::get_if<std::string>(&item.data);
    if (text == nullptr) return;
    texts.push_back(*text);
  }
  texts = log::redact_arguments(texts);
  for (std::size_t i = 0; i < texts.size(); ++i)
    array[i].data = std::move(texts[i]);
}

}  // namespace

void mask(Value& value, const std::set<std::string>& secrets) {
  if (auto* text = std::get_if<std::string>(&value.data)) {
    *text = log::redact_text(*text);
    for (const std::string& secret : secrets)
      hide(*text, secret);
  } else if (auto* array = std::get_if<Array>(&value.data)) {
    mask_arguments(*array);
    for (Value& item : *array)
      mask(item, secrets);
  } else if (auto* table = std::get_if<Table>(&value.data)) {
    for (Member& member : *table) {
      auto* inner = std::get_if<std::string>(&member.value.data);
      if (inner != nullptr) *inner = log::redact_value(member.key, *inner);
      mask(member.value, secrets);
    }
  }
}

}  // namespace holdfast::config
