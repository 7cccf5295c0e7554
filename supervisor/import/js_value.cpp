// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/js_value.hpp"

#include "common/config/variables.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "common/text/parse_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

namespace holdfast::supervisor::importer {

namespace {

constexpr int kDeepest = 64;

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

class JsReader {
 public:
  JsReader(std::string_view text, std::string_view directory)
      : text_(text), directory_(directory) {}

  Result<JsValue> document();

 private:
  tl::unexpected<Error> refuse(std::string_view message) const {
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size()));
    return fail(ErrorKind::InvalidArgument,
                fmt::format("line {}: {}", 1 + std::count(text_.begin(), end, '\n'), message));
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space();
  bool take(std::string_view token);
  std::string_view word();

  Result<JsValue> value(int depth);
  Result<JsValue> literal(int depth);
  Result<JsValue> object(int depth);
  Result<JsMember> member(int depth);
  Result<JsValue> array(int depth);
  Result<std::string> key();
  std::optional<std::string> characters(char quote);
  std::optional<std::string> escaped();
  std::optional<std::string> quoted();
  std::optional<std::string> template_text();
  std::optional<std::string> term();  // of a text
  std::optional<std::string> text_expression();
  std::optional<std::string> environment();  // process.env.NAME
  std::optional<std::string> joined_path();
  void skip_quoted();
  void skip_expression();
  JsValue expression(std::size_t start) const;  // from there to here

  std::string_view text_;
  std::string_view directory_;
  std::size_t at_ = 0;
  int terms_ = 0;  // that are being read, each within the one before
};

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

// What the escape sequence that begins here means; nothing: it is none that is understood.
std::optional<std::string> JsReader::escaped() {
  constexpr std::string_view kLetters = "ntrbfv0";
  constexpr std::string_view kMeanings("\n\t\r\b\f\v\0", 7);
  const std::size_t start = at_++;
  const char letter = peek();
  if (letter == 'u' || letter == 'x') {
    // As JSON has them: '\x' in four digits, and pairs of '\u' together.
    std::string json;
    if (letter == 'x') {
      json = fmt::format("\\u00{}", text_.substr(start + 2, 2));
      at_ = start + 4;
    } else {
      for (at_ = start; at_ < text_.size() && text_.substr(at_).starts_with("\\u");)
        at_ += 6;
      json = text_.substr(start, at_ - start);
    }
    at_ = std::min(at_, text_.size());
    const auto text = text::parse_json<nlohmann::json>(fmt::format("\"{}\"", json));
    if (!text.is_string()) return {};
    return text.get<std::string>();
  }
  if (at_ < text_.size()) ++at_;
  if (const auto known = kLetters.find(letter); known != std::string_view::npos)
    return std::string(1, kMeanings[known]);
  return letter == '\n' ? std::string() : std::string(1, letter);
}

// Up to the quote that ends a text, or to the "${" of a template.
std::optional<std::string> JsReader::characters(char quote) {
  std::string out;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == quote || (quote == '`' && text_.substr(at_).starts_with("${"))) return out;
    if (c == '\n' && quote != '`') return {};
    if (c == '\\') {
      const auto meant = escaped();
      if (!meant) return {};
      out += *meant;
    } else {
      out += c;
      ++at_;
    }
  }
  return {};
}

// The text in the quotes; a template with ${…} is none.
std::optional<std::string> JsReader::quoted() {
  const char quote = peek();
  if (quote != '"' && quote != '\'' && quote != '`') return {};
  const std::size_t start = at_++;
  auto text = characters(quote);
  if (text && peek() == quote) {
    ++at_;
    return text;
  }
  at_ = start;
  return {};
}

// Dollars are doubled before a '{' (escape_variables), also where that begins the next part.
void append_part(std::string& out, std::string_view part) {
  const auto brace = part.find_first_not_of('$');
  if (brace != std::string_view::npos && part[brace] == '{')
    out.append(out.size() - (out.find_last_not_of('$') + 1), '$');
  out += part;
}

// `http://${process.env.HOST}/`: what stands in the braces must be a text expression itself.
std::optional<std::string> JsReader::template_text() {
  if (peek() != '`') return {};
  ++at_;
  std::string out;
  for (;;) {
    const auto text = characters('`');
    if (!text) return {};
    append_part(out, config::escape_variables(*text));
    if (take("`")) return out;
    at_ += 2;
    const auto part = text_expression();
    if (!part || !take("}")) return {};
    append_part(out, *part);
  }
}

// process.env.NAME, process.env['NAME'], each with || 'default' or ?? 'default'.
std::optional<std::string> JsReader::environment() {
  if (!take("process.env")) return {};
  std::string name;
  if (peek() == '.') {
    ++at_;
    name = word();
  } else if (take("[")) {
    const auto quoted_name = quoted();
    if (!quoted_name || !take("]")) return {};
    name = *quoted_name;
  }
  if (name.empty()) return {};
  const std::size_t before = at_;
  const bool either = take("||");
  if (!either && !take("??")) {
    at_ = before;
    return fmt::format("${{{}}}", name);
  }
  skip_space();
  std::optional<std::string> otherwise = term();
  if (!otherwise) {
    const std::string_view number = word();
    if (number.empty() || !text::is_digit(number.front())) return {};
    otherwise = std::string(number);
  }
  return fmt::format("${{{}{}{}}}", name, either ? ":-" : "-", *otherwise);
}

// path.join(__dirname, 'a', …), path.resolve(…).
std::optional<std::string> JsReader::joined_path() {
  if (!take("path.join(") && !take("path.resolve(")) return {};
  std::string path;
  do {
    skip_space();
    if (peek() == ')') break;
    const auto part = term();
    if (!part) return {};
    path = part->starts_with('/') || path.empty() ? *part : path + "/" + *part;
  } while (take(","));
  if (!take(")")) return {};
  return std::filesystem::path(path).lexically_normal().native();
}

std::optional<std::string> JsReader::term() {
  skip_space();
  const std::size_t start = at_;
  if (auto text = quoted()) return config::escape_variables(*text);
  if (terms_ == kDeepest) return {};
  ++terms_;
  std::optional<std::string> text;
  for (const auto read :
       {&JsReader::template_text, &JsReader::environment, &JsReader::joined_path}) {
    if (text) break;
    at_ = start;
    text = (this->*read)();
  }
  --terms_;
  if (text) return text;
  at_ = start;
  if (take("__dirname")) return config::escape_variables(directory_);
  if (take("process.cwd()")) return config::escape_variables(directory_);
  return {};
}

// Terms joined by '+'.
std::optional<std::string> JsReader::text_expression() {
  std::string out;
  do {
    const auto part = term();
    if (!part) return {};
    append_part(out, *part);
  } while (take("+"));
  return out;
}

// Past the text in quotes, or the pattern in slashes, that begins here; at most to the line's end.
void JsReader::skip_quoted() {
  const char end = peek();
  bool in_class = false;  // of a pattern: [/]
  for (++at_; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
    const char c = text_[at_];
    if (c == '\\' && at_ + 1 < text_.size()) {
      ++at_;
    } else if (c == end && !in_class) {
      ++at_;
      return;
    } else if (end == '/') {
      in_class = c == '[' || (in_class && c != ']');
    }
  }
}

// To the ',' or closing bracket that ends it.
void JsReader::skip_expression() {
  std::string open;   // brackets, and the '`' of templates
  char before = '(';  // the last character that is no space
  while (at_ < text_.size()) {
    const bool in_template = !open.empty() && open.back() == '`';
    if (!in_template) skip_space();
    if (at_ == text_.size()) return;
    const char c = text_[at_];
    if (in_template) {
      if (text_.substr(at_).starts_with("${")) {
        open += '{';
        ++at_;
      } else if (c == '\\' && at_ + 1 < text_.size()) {
        ++at_;
      } else if (c == '`') {
        open.pop_back();
      }
      ++at_;
    } else if (c == '"' || c == '\'' ||
               // Behind an operator or an opening bracket there is nothing to divide.
               (c == '/' &&
                std::string_view("([{,;=:?!&|+-*%<>~^").find(before) != std::string_view::npos)) {
      skip_quoted();
    } else if (std::string_view(",;)]}").find(c) != std::string_view::npos && open.empty()) {
      return;
    } else {
      if (std::string_view("([{`").find(c) != std::string_view::npos) open += c;
      if (std::string_view(")]}").find(c) != std::string_view::npos) open.pop_back();
      ++at_;
    }
    before = c;
  }
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
  const auto next_is_one_of = [&](std::string_view marks) {
    return at_ < text_.size() && marks.find(peek()) != std::string_view::npos;
  };
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
  skip_expression();
  return JsMember{std::move(name), expression(start)};
}

Result<JsValue> JsReader::object(int depth) {
  JsObject members;
  while (!take("}")) {
    HOLDFAST_TRY_ASSIGN(JsMember one, member(depth));
    members.push_back(std::move(one));
    if (take(",")) continue;
    if (take("}")) break;
    return refuse("expected ',' or '}'");
  }
  return JsValue{std::move(members)};
}

Result<JsValue> JsReader::array(int depth) {
  JsArray items;
  while (!take("]")) {
    HOLDFAST_TRY_ASSIGN(JsValue item, value(depth));
    items.push_back(std::move(item));
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

Result<JsValue> JsReader::value(int depth) {
  if (depth > kDeepest) return refuse("values are nested too deep");
  skip_space();
  const std::size_t start = at_;
  const bool composite = peek() == '{' || peek() == '[';
  auto read = literal(depth);
  if (composite && !read) return read;
  skip_space();
  const bool ends =
      at_ >= text_.size() || std::string_view(",;]}").find(peek()) != std::string_view::npos;
  if (read && (ends || (depth == 0))) return read;
  at_ = start;
  skip_expression();
  if (at_ == start) return refuse("expected a value");
  return expression(start);
}

Result<JsValue> JsReader::document() {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  skip_space();
  if (peek() != '{' && peek() != '[') {
    for (const std::string_view beginning :
         {"module.exports", "exports.default", "export default"}) {
      const auto found = text_.rfind(beginning);
      if (found == std::string_view::npos) continue;
      at_ = found + beginning.size();
      take("=");
      skip_space();
      if (peek() == '{' || peek() == '[') return value(0);
      return refuse(fmt::format(
          "'{}' is not followed by a literal {{ … }}; print the configuration with: node -p "
          "\"JSON.stringify(require('./ecosystem.config.js'))\" and import that",
          beginning));
    }
    return refuse("neither JSON nor 'module.exports = { … }'");
  }
  return value(0);
}

}  // namespace

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
