// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/js_value.hpp"

#include "common/config/variables.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "common/text/parse_json.hpp"
#include "supervisor/import/js_reader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

namespace holdfast::supervisor::importer {

namespace {

bool starts_name(char c) {
  return text::is_alphanumeric(c) || c == '_' || c == '$';
}

JsValue converted(const nlohmann::ordered_json& json) {
  if (json.is_boolean()) return JsValue{json.get<bool>()};
  if (json.is_number()) return JsValue{json.get<double>()};
  if (json.is_string()) return JsValue{JsText{config::escape_variables(json.get<std::string>())}};
  if (json.is_array()) {
    JsArray items;
    for (const auto& item : json)
      items.push_back(converted(item));
    return JsValue{std::move(items)};
  }
  if (!json.is_object()) return JsValue{};
  JsObject members;
  for (const auto& [key, member] : json.items())
    members.push_back({key, converted(member)});
  return JsValue{std::move(members)};
}

}  // namespace

tl::unexpected<Error> JsReader::refuse(std::string_view message) const {
  const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size()));
  return fail(ErrorKind::InvalidArgument,
              fmt::format("line {}: {}", 1 + std::count(text_.begin(), end, '\n'), message));
}

void JsReader::skip_space() {
  for (;;) {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
    if (text_.substr(at_).starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (text_.substr(at_).starts_with("/*")) {
      const auto end = text_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? text_.size() : end + 2;
    } else {
      return;
    }
  }
}

bool JsReader::take(std::string_view token) {
  skip_space();
  if (!text_.substr(at_).starts_with(token)) return false;
  at_ += token.size();
  return true;
}

std::string_view JsReader::word() {
  const std::size_t start = at_;
  while (starts_name(peek()))
    ++at_;
  return text_.substr(start, at_ - start);
}

// The whole word.
bool JsReader::take_word(std::string_view name) {
  skip_space();
  const std::size_t start = at_;
  if (word() == name) return true;
  at_ = start;
  return false;
}

JsValue JsReader::expression(std::size_t start) const {
  return JsValue{JsExpression{std::string(text::trim(text_.substr(start, at_ - start)))}};
}

// One in brackets, which JavaScript works out, is named by what stands there.
Result<std::string> JsReader::key() {
  skip_space();
  const std::size_t start = at_;
  if (auto text = quoted()) return *text;
  if (take("[")) {
    skip_expression();
    if (!take("]")) return refuse("expected ']'");
    return std::string(text_.substr(start, at_ - start));
  }
  const std::string_view name = word();
  if (name.empty()) return refuse("expected a key");
  return std::string(name);
}

// What is no `key: value` (a spread, a shorthand, a method) is an expression.
Result<JsMember> JsReader::member(int depth) {
  skip_space();
  std::size_t start = at_;
  if (take("...")) {
    start = at_;
    skip_expression();
    return JsMember{"...", expression(start)};
  }
  take("*");
  skip_space();
  const bool computed = peek() == '[';
  HOLDFAST_TRY_ASSIGN(std::string name, key());
  skip_space();
  const bool modifier = name == "get" || name == "set" || name == "async";
  if (modifier && !next_is_one_of(":,(}")) {
    take("*");
    HOLDFAST_TRY_ASSIGN(name, key());
    skip_space();
  }
  if (take(":")) {
    skip_space();
    start = at_;
    HOLDFAST_TRY_ASSIGN(JsValue read, value(depth));
    return JsMember{std::move(name), computed ? expression(start) : std::move(read)};
  }
  if (!next_is_one_of(",(}")) return refuse(fmt::format("expected ':' after '{}'", name));
  at_ = start;
  if (const JsValue* known = reference()) return JsMember{std::move(name), *known};
  skip_expression();
  return JsMember{std::move(name), expression(start)};
}

Result<JsValue> JsReader::object(int depth) {
  JsObject members;
  while (!take("}")) {
    const JsValue* const others = spread();
    if (others != nullptr && others->object() != nullptr) {
      members.insert(members.end(), others->object()->begin(), others->object()->end());
    } else {
      HOLDFAST_TRY_ASSIGN(JsMember one, member(depth));
      members.push_back(std::move(one));
    }
    if (take(",")) continue;
    if (take("}")) break;
    return refuse("expected ',' or '}'");
  }
  return JsValue{std::move(members)};
}

Result<JsValue> JsReader::array(int depth) {
  JsArray items;
  while (!take("]")) {
    const JsValue* const others = spread();
    if (others != nullptr && others->array() != nullptr) {
      items.insert(items.end(), others->array()->begin(), others->array()->end());
    } else {
      HOLDFAST_TRY_ASSIGN(JsValue item, value(depth));
      items.push_back(std::move(item));
    }
    if (take(",")) continue;
    if (take("]")) break;
    return refuse("expected ',' or ']'");
  }
  return JsValue{std::move(items)};
}

Result<JsValue> JsReader::literal(int depth) {
  if (take("{")) return object(depth + 1);
  if (take("[")) return array(depth + 1);
  skip_space();
  const std::size_t first = at_;
  if (const JsValue* known = reference()) {
    const std::size_t behind = at_;
    const bool alone = ends(depth);
    at_ = behind;
    if (alone) return *known;
    at_ = first;
  }
  if (auto text = text_expression()) return JsValue{JsText{std::move(*text)}};
  at_ = first;
  const bool negative = take("-");
  const std::size_t start = at_;
  while (starts_name(peek()) || peek() == '.')
    ++at_;
  std::string name(text_.substr(start, at_ - start));
  if (name == "true" || name == "false") return JsValue{name == "true"};
  if (name == "null" || name == "undefined") return JsValue{};
  name.erase(std::remove(name.begin(), name.end(), '_'), name.end());
  if (const auto number = text::parse_number<double>(name); number && std::isfinite(*number))
    return JsValue{negative ? -*number : *number};
  return refuse("no literal");
}

// Whether the value that was read is all that stands here. At the top, the end of a line may end
// it.
bool JsReader::ends(int depth) {
  const std::size_t behind = at_;
  skip_space();
  if (at_ >= text_.size() || next_is_one_of(",;]}")) return true;
  return depth == 0 && text_.substr(behind, at_ - behind).find('\n') != std::string_view::npos &&
         !next_is_one_of(".?+-*/%&|=<>:([`^");
}

namespace {

// How much a copy of it takes, roughly.
std::size_t weight_of(const JsValue& value) {
  std::size_t weight = 1;
  if (const JsText* text = value.string()) weight += text->written.size() / 64;
  if (const JsArray* items = value.array()) {
    for (const JsValue& item : *items)
      weight += weight_of(item);
  }
  if (const JsObject* members = value.object()) {
    for (const JsMember& member : *members)
      weight += weight_of(member.second);
  }
  return weight;
}

}  // namespace

// The constant that is named here, a member of one too (`config.port`). Null: it is none.
const JsValue* JsReader::reference() {
  constexpr std::size_t kMost = 100'000;  // constants made of constants can grow without end
  const std::size_t start = at_;
  const auto known = constants_.find(word());
  const JsValue* found = known == constants_.end() ? nullptr : &known->second;
  while (found != nullptr && peek() == '.') {
    ++at_;
    found = found->find(word());
  }
  const bool is_value = found != nullptr && !std::holds_alternative<JsExpression>(found->data) &&
                        !next_is_one_of("([`");
  if (is_value) copied_ += weight_of(*found);
  if (is_value && copied_ <= kMost) return found;
  at_ = start;
  return nullptr;
}

// The constant behind a "...", which is all that stands there.
const JsValue* JsReader::spread() {
  skip_space();
  const std::size_t start = at_;
  if (take("...")) {
    skip_space();
    const JsValue* const found = reference();
    skip_space();
    if (found != nullptr && next_is_one_of(",]}")) return found;
  }
  at_ = start;
  return nullptr;
}

Result<JsValue> JsReader::value(int depth) {
  if (depth > kDeepest) return refuse("values are nested too deep");
  skip_space();
  const std::size_t start = at_;
  const bool composite = peek() == '{' || peek() == '[';
  auto read = literal(depth);
  if (composite && !read) return read;
  const std::size_t behind = at_;
  if (read && ends(depth)) {
    if (depth == 0) at_ = behind;
    return read;
  }
  at_ = start;
  skip_expression(depth == 0);
  if (at_ == start) return refuse("expected a value");
  return expression(start);
}

const JsValue* JsValue::find(std::string_view key) const {
  const JsObject* const members = object();
  if (members == nullptr) return nullptr;
  const auto found = std::find_if(members->rbegin(), members->rend(),
                                  [&](const auto& member) { return member.first == key; });
  return found == members->rend() ? nullptr : &found->second;
}

std::string JsValue::text() const {
  if (const auto* text = string()) return text->written;
  if (const auto* truth = flag()) return *truth ? "true" : "false";
  if (const auto* expression = std::get_if<JsExpression>(&data)) return expression->source;
  if (const auto* value = number()) return fmt::format("{}", *value);
  return {};
}

Result<JsValue> parse_js(std::string_view text, std::string_view directory) {
  const auto json = text::parse_json<nlohmann::ordered_json>(text, true);
  if (!json.is_discarded()) return converted(json);
  return JsReader(text, directory).document();
}

}  // namespace holdfast::supervisor::importer
