// SPDX-License-Identifier: Apache-2.0
// The statements of a JavaScript file: its constants, and what it exports.
#include "common/text/ascii.hpp"
#include "supervisor/import/js_reader.hpp"

#include <algorithm>
#include <array>

namespace holdfast::supervisor::importer {

namespace {

constexpr std::size_t kMostConstants = 500;
constexpr std::string_view kHint =
    "is not followed by a literal { … }; print the configuration with: node -p "
    "\"JSON.stringify(require('./ecosystem.config.js'))\" and import that";

bool is_name(char c) {
  return text::is_alphanumeric(c) || c == '_' || c == '$';
}

bool is_declaration(std::string_view word) {
  return word == "const" || word == "let" || word == "var";
}

std::size_t behind_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

// "= 1", and none of "== 1" and "=> 1".
bool assigns(std::string_view rest) {
  return rest.starts_with('=') && !rest.starts_with("==") && !rest.starts_with("=>");
}

// Of lists and objects, what changes them, or hands their items to a function that may.
bool is_change(std::string_view rest, std::string_view method) {
  static constexpr std::array<std::string_view, 9> kMethods{
      "push", "unshift", "splice", "pop", "shift", "sort", "reverse", "fill", "forEach"};
  if (rest.starts_with('('))
    return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
  static constexpr std::array<std::string_view, 7> kOperators{"+=",
                                                              "-=",
                                                              "||=",
                                                              "&&=",
                                                              "?"
                                                              "?\?=",
                                                              "++",
                                                              "--"};
  return assigns(rest) || std::any_of(kOperators.begin(), kOperators.end(),
                                      [&](std::string_view one) { return rest.starts_with(one); });
}

}  // namespace

// Whether the value of a constant may be another one later: it is assigned to, or its parts are.
bool JsReader::is_changed(std::string_view name, std::size_t declared) const {
  for (auto at = text_.find(name); at != std::string_view::npos; at = text_.find(name, at + 1)) {
    std::size_t behind = at + name.size();
    // Nothing is assigned to behind a quote or an operator: that is an argument, "--port=3000".
    const bool begins =
        at == 0 || std::string_view(" \t\r\n;{}(),[").find(text_[at - 1]) != std::string_view::npos;
    const bool is_word = begins && (behind == text_.size() || !is_name(text_[behind]));
    if (!is_word || at == declared) continue;
    const std::string_view before = text::trim(text_.substr(0, at), " \t\r\n");
    const std::string_view word = before.substr(before.find_last_of(" \t\r\n(){};,") + 1);
    if (is_declaration(word)) continue;  // of another scope
    if (word == "of" || before.ends_with("assign(")) return true;
    std::string_view last;  // of a.b.c
    for (behind = behind_blanks(text_, behind); behind < text_.size();
         behind = behind_blanks(text_, behind)) {
      const std::size_t start = behind + 1;
      if (text_[behind] == '[') {
        behind = std::min(text_.find(']', start), text_.size() - 1) + 1;
      } else if (text_[behind] == '.') {
        behind = start;
        while (behind < text_.size() && is_name(text_[behind]))
          ++behind;
        last = text_.substr(start, behind - start);
      } else {
        break;
      }
    }
    if (is_change(text_.substr(behind), last)) return true;
  }
  return false;
}

void JsReader::declare(std::string_view name, std::size_t where) {
  auto read = value(0);
  if (!read) {
    skip_expression(true);
    return;
  }
  if (constants_.size() < kMostConstants && !is_changed(name, where))
    constants_.insert_or_assign(std::string(name), std::move(*read));
}

// Behind `const`: NAME = value, …
void JsReader::declarations() {
  do {
    skip_space();
    const std::size_t where = at_;
    const std::string_view name = word();
    skip_space();
    if (name.empty() || !assigns(text_.substr(at_))) {
      skip_expression(true);
      return;
    }
    ++at_;
    declare(name, where);
  } while (take(","));
}

// Behind `module.exports` and the like: = value, .NAME = value.
void JsReader::exports(std::string_view beginning) {
  std::string member;
  skip_space();
  if (peek() == '.') {
    ++at_;
    member = std::string(word());
  } else if (take("[")) {
    const auto name = quoted();
    member = name ? *name : "[]";
    take("]");
  }
  skip_space();
  const bool by_keyword = beginning == "export default";
  if (!by_keyword && !assigns(text_.substr(at_))) {
    // A call of it, such as module.exports.apps.push(…).
    members_.push_back({member, JsValue{JsExpression{std::string(beginning)}}});
    skip_expression(true);
    return;
  }
  if (!by_keyword) ++at_;
  skip_space();
  while ((take("module.exports") || take_word("exports")) && take("="))  // exports = module.exports
    skip_space();
  const std::size_t start = at_;
  auto read = value(0);
  if (!read) {
    problem_ = read.error();
    at_ = start;
    skip_expression(true);
  }
  JsValue found = read ? std::move(*read) : expression(start);
  if (member.empty() || member == "default") {
    whole_ = std::move(found);
  } else {
    members_.push_back({std::move(member), std::move(found)});
  }
}

void JsReader::statement() {
  std::string_view first = word();
  const bool exported = first == "export";
  if (exported) {
    skip_space();
    first = word();
  }
  if (exported && first == "default") return exports("export default");
  if (is_declaration(first)) return declarations();
  if (first == "exports") return exports(first);
  if (first == "module" && take(".exports")) return exports("module.exports");
  skip_expression(true);
}

// What the statements made of it.
Result<JsValue> JsReader::exported() const {
  const bool composite = whole_ && (whole_->object() != nullptr || whole_->array() != nullptr);
  const bool known = std::none_of(members_.begin(), members_.end(), [](const JsMember& one) {
    return std::holds_alternative<JsExpression>(one.second.data);
  });
  if ((whole_ && !composite) || !known || (!whole_ && members_.empty())) return refuse("");
  if (members_.empty()) return *whole_;
  if (whole_ && whole_->object() == nullptr) return refuse("");
  JsObject all = whole_ && whole_->object() != nullptr ? *whole_->object() : JsObject();
  all.insert(all.end(), members_.begin(), members_.end());
  return JsValue{std::move(all)};
}

// The last one in the text, wherever it stands.
Result<JsValue> JsReader::last_export() {
  for (const std::string_view beginning : {"module.exports", "exports.default", "export default"}) {
    const auto found = text_.rfind(beginning);
    if (found == std::string_view::npos) continue;
    at_ = found + beginning.size();
    take("=");
    skip_space();
    if (whole_ == std::nullopt && members_.empty() && next_is_one_of("{[")) return value(0);
    return refuse(fmt::format("'{}' {}", beginning, kHint));
  }
  return refuse("neither JSON nor 'module.exports = { … }'");
}

Result<JsValue> JsReader::document() {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  skip_space();
  if (next_is_one_of("{[")) return value(0);
  if (text_.starts_with("#!")) at_ = std::min(text_.find('\n'), text_.size());
  for (skip_space(); at_ < text_.size(); skip_space()) {
    const std::size_t start = at_;
    statement();
    if (at_ == start) ++at_;
  }
  if (auto read = exported()) return read;
  if (problem_) return tl::unexpected(*problem_);
  return last_export();
}

}  // namespace holdfast::supervisor::importer
