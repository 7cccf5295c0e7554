// SPDX-License-Identifier: Apache-2.0
// What becomes a text: quotes, templates, process.env, paths, constants.
#include "common/config/variables.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "common/text/parse_json.hpp"
#include "supervisor/import/js_reader.hpp"
#include "supervisor/import/words.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace holdfast::supervisor::importer {

namespace {

constexpr std::size_t kLongestText = 64u << 10;  // constants can double with each line

}  // namespace

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

namespace {

// Dollars are doubled before a '{' (escape_variables), also where that begins the next part.
void append_part(std::string& out, std::string_view part) {
  const auto brace = part.find_first_not_of('$');
  if (brace != std::string_view::npos && part[brace] == '{')
    out.append(out.size() - (out.find_last_not_of('$') + 1), '$');
  out += part;
}

}  // namespace

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
  if (!is_variable_name(name)) return {};
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
  // A brace that is alone would end the variable, or never.
  if (std::count(otherwise->begin(), otherwise->end(), '{') !=
      std::count(otherwise->begin(), otherwise->end(), '}'))
    return {};
  return fmt::format("${{{}{}{}}}", name, either ? ":-" : "-", *otherwise);
}

// path.join(__dirname, 'a', …), path.resolve(…).
std::optional<std::string> JsReader::joined_path() {
  const bool resolves = take("path.resolve(");
  if (!resolves && !take("path.join(")) return {};
  std::string path;
  do {
    skip_space();
    if (peek() == ')') break;
    const auto part = term();
    // What a variable has may be absolute, which resolve() begins anew with.
    if (!part || (resolves && !path.empty() && part->starts_with("${"))) return {};
    path = path.empty() || (resolves && part->starts_with('/')) ? *part : path + "/" + *part;
  } while (take(","));
  if (!take(")")) return {};
  return normal_path(path);
}

// parseInt(process.env.NAME || '2', 10), Number(…), String(…): as text they are what is converted.
std::optional<std::string> JsReader::converted_text() {
  if (!take("parseInt(") && !take("Number.parseInt(") && !take("Number(") && !take("String("))
    return {};
  auto text = text_expression();
  if (!text) {
    skip_space();
    const std::string_view number = word();
    if (!text::parse_number<double>(number)) return {};
    text = std::string(number);
  }
  if (take(",") && !take("10")) return {};
  return take(")") ? text : std::nullopt;
}

std::optional<std::string> JsReader::constant_text() {
  const JsValue* const constant = reference();
  if (constant == nullptr || constant->is_null() || constant->array() != nullptr ||
      constant->object() != nullptr)
    return {};
  return constant->text();
}

std::optional<std::string> JsReader::term() {
  skip_space();
  const std::size_t start = at_;
  if (auto text = quoted()) return config::escape_variables(*text);
  if (terms_ == kDeepest) return {};
  ++terms_;
  std::optional<std::string> text;
  for (const auto read : {&JsReader::template_text, &JsReader::environment, &JsReader::joined_path,
                          &JsReader::converted_text}) {
    if (text) break;
    at_ = start;
    text = (this->*read)();
  }
  --terms_;
  if (text) return text;
  at_ = start;
  if (take("__dirname")) return config::escape_variables(directory_);
  if (take("process.cwd()")) return config::escape_variables(directory_);
  return constant_text();
}

// Terms joined by '+'.
std::optional<std::string> JsReader::text_expression() {
  std::string out;
  for (;;) {
    const auto part = term();
    if (!part) return {};
    append_part(out, *part);
    if (out.size() > kLongestText) return {};
    const std::size_t behind = at_;
    if (take("+")) continue;
    at_ = behind;  // the end of the line may be that of the statement
    return out;
  }
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

namespace {

// Whether a statement goes on behind the end of a line: `before` and `next` are around it.
bool goes_on(char before, char next) {
  return std::string_view("([{,=+-*/%&|?:<>!~^.").find(before) != std::string_view::npos ||
         std::string_view(".?+-*/%&|=<>,:([`").find(next) != std::string_view::npos;
}

}  // namespace

// To the ',' or closing bracket that ends it.
void JsReader::skip_expression(bool statement) {
  std::string open;   // brackets, and the '`' of templates
  char before = '(';  // the last character that is no space
  while (at_ < text_.size()) {
    const bool in_template = !open.empty() && open.back() == '`';
    const std::size_t end = at_;
    if (!in_template) skip_space();
    if (at_ == text_.size()) return;
    const char c = text_[at_];
    if (statement && open.empty() && !goes_on(before, c) &&
        text_.substr(end, at_ - end).find('\n') != std::string_view::npos)
      return;
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
    } else if (open.empty() &&
               std::string_view(statement ? ";" : ",;)]}").find(c) != std::string_view::npos) {
      return;
    } else {
      if (std::string_view("([{`").find(c) != std::string_view::npos) open += c;
      const bool closes = std::string_view(")]}").find(c) != std::string_view::npos;
      if (closes && !open.empty()) open.pop_back();
      ++at_;
    }
    before = c;
  }
}

}  // namespace holdfast::supervisor::importer
