// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads what js_value.hpp promises. js_text.cpp has what becomes a text, js_value.cpp the literals,
// js_module.cpp the statements of a file. Threads: one owner.

#include "supervisor/import/js_value.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::supervisor::importer {

class JsReader {
 public:
  JsReader(std::string_view text, std::string_view directory)
      : text_(text), directory_(directory) {}

  Result<JsValue> document();

 private:
  static constexpr int kDeepest = 64;

  tl::unexpected<Error> refuse(std::string_view message) const;
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool next_is_one_of(std::string_view marks) const {
    return at_ < text_.size() && marks.find(peek()) != std::string_view::npos;
  }
  void skip_space();
  bool take(std::string_view token);
  bool take_word(std::string_view name);
  std::string_view word();

  // js_value.cpp
  Result<JsValue> value(int depth);
  Result<JsValue> literal(int depth);
  Result<JsValue> object(int depth);
  Result<JsMember> member(int depth);
  Result<JsValue> array(int depth);
  Result<std::string> key();
  bool ends(int depth);
  const JsValue* reference();
  const JsValue* spread();
  JsValue expression(std::size_t start) const;  // from there to here

  // js_text.cpp
  std::optional<std::string> characters(char quote);
  std::optional<std::string> escaped();
  std::optional<std::string> quoted();
  std::optional<std::string> template_text();
  std::optional<std::string> term();  // of a text
  std::optional<std::string> text_expression();
  std::optional<std::string> environment();  // process.env.NAME
  std::optional<std::string> joined_path();
  std::optional<std::string> converted_text();  // Number(…)
  std::optional<std::string> constant_text();
  void skip_quoted();
  // `statement`: commas do not end it, and the end of a line may.
  void skip_expression(bool statement = false);

  // js_module.cpp
  void statement();
  void declarations();
  void declare(std::string_view name, std::size_t where);
  void exports(std::string_view beginning);
  bool is_changed(std::string_view name, std::size_t declared) const;
  Result<JsValue> exported() const;
  Result<JsValue> last_export();

  std::string_view text_;
  std::string_view directory_;
  std::size_t at_ = 0;
  int terms_ = 0;  // that are being read, each within the one before
  std::map<std::string, JsValue, std::less<>> constants_;
  std::size_t copied_ = 0;        // of constants
  std::optional<JsValue> whole_;  // module.exports = …
  JsObject members_;              // module.exports.NAME = …
  std::optional<Error> problem_;  // of a literal that is exported
};

}  // namespace holdfast::supervisor::importer
