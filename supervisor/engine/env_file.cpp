// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/env_file.hpp"

#include "common/protocol/variables.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>
#include <optional>

namespace holdfast::supervisor {

namespace {

bool starts_name(char c) {
  return c == '_' || (text::is_alphanumeric(c) && !text::is_digit(c));
}

bool continues_name(char c) {
  return c == '_' || text::is_alphanumeric(c);
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string with_plain_newlines(std::string_view given) {
  if (given.starts_with("\xEF\xBB\xBF")) given.remove_prefix(3);
  std::string text;
  text.reserve(given.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    const bool crlf = given[i] == '\r' && i + 1 < given.size() && given[i + 1] == '\n';
    if (!crlf) text += given[i];
  }
  return text;
}

class EnvFile {
 public:
  EnvFile(std::string text, std::string_view file_name, const Environ& outer)
      : text_(std::move(text)), file_name_(file_name), outer_(outer) {}

  Result<Environ> parse();

 private:
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\n' : text_[at_]; }
  void skip_blanks() {
    while (!at_end() && is_blank(text_[at_]))
      ++at_;
  }
  void skip_line() { at_ = std::min(text_.find('\n', at_), text_.size()); }

  // The line of text_[at_], from 1.
  int line() const {
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size()));
    return 1 + static_cast<int>(std::count(text_.begin(), end, '\n'));
  }
  tl::unexpected<Error> refuse(int line, std::string_view message) const {
    return fail(ErrorKind::InvalidArgument, fmt::format("{}:{}: {}", file_name_, line, message));
  }

  Result<void> assignment();
  Result<std::string> name();
  Result<std::string> value();
  Result<std::string> unquoted();
  Result<std::string> single_quoted();
  Result<std::string> double_quoted();
  std::string escape();
  Result<std::string> after_quote(std::string value, int begun);

  // Expands the reference at text_[at_], which is a '$', in a value that ends at `end`.
  Result<std::string> expand(std::size_t end);
  Result<std::string> look_up(const std::string& name, bool empty_counts,
                              std::optional<std::string> fallback) const;

  const std::string text_;
  const std::string_view file_name_;
  const Environ& outer_;
  std::size_t at_ = 0;
  Environ result_;
};

Result<Environ> EnvFile::parse() {
  if (text_.find('\0') != std::string::npos) {
    at_ = text_.find('\0');
    return refuse(line(), "a NUL character; the file must be text in UTF-8");
  }
  if (const auto lone = text_.find('\r'); lone != std::string::npos) {
    at_ = lone;
    return refuse(line(), "a carriage return without a newline; use \\r in double quotes");
  }
  while (!at_end()) {
    skip_blanks();
    if (peek() == '#') {
      skip_line();
    } else if (peek() != '\n') {
      HOLDFAST_TRY(assignment());
    }
    if (!at_end()) ++at_;
  }
  return std::move(result_);
}

Result<void> EnvFile::assignment() {
  const int begun = line();
  HOLDFAST_TRY_ASSIGN(std::string name, this->name());
  if (protocol::is_reserved(name)) {
    return refuse(begun,
                  fmt::format("'{}' is set by the supervisor for each worker; remove it", name));
  }
  HOLDFAST_TRY_ASSIGN(result_[name], value());
  return {};
}

// Up to and including the '='.
Result<std::string> EnvFile::name() {
  constexpr std::string_view kExport = "export";
  const std::string_view rest = std::string_view(text_).substr(at_);
  if (rest.size() > kExport.size() && rest.starts_with(kExport) && is_blank(rest[kExport.size()])) {
    const std::size_t before = at_;
    at_ += kExport.size();
    skip_blanks();
    if (peek() == '=') at_ = before;  // a variable of that name
  }
  const std::size_t start = at_;
  if (starts_name(peek())) {
    while (!at_end() && continues_name(text_[at_]))
      ++at_;
  }
  std::string name = text_.substr(start, at_ - start);
  skip_blanks();
  if (name.empty() || peek() != '=') return refuse(line(), "expected NAME=VALUE");
  ++at_;
  return name;
}

Result<std::string> EnvFile::value() {
  const std::size_t start = at_;
  skip_blanks();
  if (peek() == '\'') return single_quoted();
  if (peek() == '"') return double_quoted();
  if (peek() == '#' && at_ > start) {
    skip_line();
    return std::string();
  }
  return unquoted();
}

Result<std::string> EnvFile::unquoted() {
  std::size_t end = std::min(text_.find('\n', at_), text_.size());
  for (std::size_t i = at_ + 1; i < end; ++i) {
    if (text_[i] == '#' && is_blank(text_[i - 1])) end = i;
  }
  const std::size_t line_end = end;
  while (end > at_ && is_blank(text_[end - 1]))
    --end;
  std::string value;
  while (at_ < end) {
    if (text_[at_] != '$') {
      value += text_[at_++];
      continue;
    }
    HOLDFAST_TRY_ASSIGN(const std::string expanded, expand(end));
    value += expanded;
  }
  at_ = line_end;
  skip_line();
  return value;
}

Result<std::string> EnvFile::single_quoted() {
  const int begun = line();
  std::string value;
  for (++at_; !at_end(); ++at_) {
    const char c = text_[at_];
    if (c == '\'') return after_quote(std::move(value), begun);
    if (c != '\\' || at_ + 1 >= text_.size()) {
      value += c;
      continue;
    }
    const char escaped = text_[++at_];
    if (escaped != '\'') value += c;
    value += escaped;
  }
  return refuse(begun, "the value has no closing '; write \\' for a quote inside it");
}

Result<std::string> EnvFile::double_quoted() {
  const int begun = line();
  std::string value;
  ++at_;
  while (!at_end()) {
    const char c = text_[at_];
    if (c == '"') return after_quote(std::move(value), begun);
    if (c == '\\') {
      value += escape();
    } else if (c == '$') {
      HOLDFAST_TRY_ASSIGN(const std::string expanded, expand(text_.size()));
      value += expanded;
    } else {
      value += c;
      ++at_;
    }
  }
  return refuse(begun, "the value has no closing \"; write \\\" for a quote inside it");
}

// The escape sequence at text_[at_]. One that is not known stands for itself.
std::string EnvFile::escape() {
  constexpr std::string_view kLetters = "abfnrtv\\\"$";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"$";
  if (++at_ >= text_.size()) return "\\";
  const char letter = text_[at_++];
  if (const auto index = kLetters.find(letter); index != std::string_view::npos) {
    return std::string(1, kMeanings[index]);
  }
  const auto is_octal = [this] { return peek() >= '0' && peek() <= '7'; };
  if (letter != '0' || !is_octal()) return {'\\', letter};
  int byte = 0;
  for (int digits = 0; digits < 3 && is_octal(); ++digits)
    byte = byte * 8 + (text_[at_++] - '0');
  return std::string(1, static_cast<char>(byte));
}

// text_[at_] is the closing quote of a value that begins on line `begun`.
Result<std::string> EnvFile::after_quote(std::string value, int begun) {
  ++at_;
  skip_blanks();
  if (peek() == '#') skip_line();
  if (peek() != '\n') {
    return refuse(line(), fmt::format("text after the closing quote of the value that begins on "
                                      "line {}",
                                      begun));
  }
  if (value.find('\0') != std::string::npos) return refuse(begun, "the value has a NUL character");
  return value;
}

Result<std::string> EnvFile::expand(std::size_t end) {
  const int here = line();
  const auto refuse_dollar = [&] {
    return refuse(here, "'$' begins no variable; write $$, or put the value in single quotes");
  };
  if (++at_ >= end) return refuse_dollar();
  if (text_[at_] == '$') {
    ++at_;
    return std::string("$");
  }
  const bool braces = text_[at_] == '{';
  if (braces) ++at_;
  const std::size_t start = at_;
  if (at_ >= end || !starts_name(text_[at_])) return refuse_dollar();
  while (at_ < end && continues_name(text_[at_]))
    ++at_;
  const std::string name = text_.substr(start, at_ - start);
  if (!braces) return look_up(name, true, {});

  const std::size_t close = std::min(text_.find_first_of("}\n", at_), text_.size());
  if (close >= end || text_[close] != '}') return refuse(here, "'${' without '}'");
  std::string_view rest = std::string_view(text_).substr(at_, close - at_);
  at_ = close + 1;
  if (rest.empty()) return look_up(name, true, {});
  const bool colon = rest.front() == ':';
  if (colon) rest.remove_prefix(1);
  if (rest.empty() || rest.front() != '-' || rest.find('$') != std::string_view::npos) {
    return refuse(here,
                  "write ${NAME}, ${NAME-default} or ${NAME:-default} with a default without '$'");
  }
  return look_up(name, !colon, std::string(rest.substr(1)));
}

// `empty_counts`: a variable that is set to nothing is set.
Result<std::string> EnvFile::look_up(const std::string& name, bool empty_counts,
                                     std::optional<std::string> fallback) const {
  for (const Environ* environ : {&result_, &outer_}) {
    const auto found = environ->find(name);
    if (found == environ->end()) continue;
    if (empty_counts || !found->second.empty()) return found->second;
    break;
  }
  if (fallback) return std::move(*fallback);
  return refuse(line(), fmt::format("'{}' is not set; write $$ for a dollar sign, or put the value "
                                    "in single quotes",
                                    name));
}

}  // namespace

Result<Environ> parse_env_file(std::string_view text, std::string_view file_name,
                               const Environ& outer) {
  return EnvFile(with_plain_newlines(text), file_name, outer).parse();
}

}  // namespace holdfast::supervisor
