// SPDX-License-Identifier: Apache-2.0
#include "common/log/redact.hpp"

#include "common/log/secret_names.hpp"
#include "common/log/secret_options.hpp"
#include "common/log/secret_texts.hpp"
#include "common/text/ascii.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace holdfast::log {

namespace {

constexpr std::string_view kMask = "***";

bool is_word_end(char c) {
  return std::string_view(" \t\r\n\"'<>`").find(c) != std::string_view::npos;
}

bool continues_name(char c) {
  return text::is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
}

bool names_one_secret(std::string_view text) {
  return text::all_of(text, continues_name) && sounds_secret(text);
}

// A switch, such as "-v": no secret is that short.
bool is_switch(std::string_view word) {
  return word.size() == 2 && word[0] == '-';
}

// What a text is: in prose, "password: must be a string" has no secret in it. A line of a log is
// prose in which much only sounds like a secret.
enum class Kind { Prose, Line, Argument };

// Passes over the text once and copies it, with what follows a secret's name left out. Works on the
// words of a text in which URLs are masked already.
class TextRedactor {
 public:
  TextRedactor(std::string_view text, Kind kind) : text_(text), kind_(kind) {
    out_.reserve(text.size());
  }

  std::string run() && {
    while (at_ < text_.size()) {
      if (!by_place_.empty() && at_ >= by_place_.front().begin) {
        const Span secret = by_place_.front();
        by_place_.erase(by_place_.begin());
        if (at_ == secret.begin) mask_until(secret.end);
      } else if (continues_name(text_[at_])) {
        word();
      } else {
        if (std::string_view(";|&\n").find(text_[at_]) != std::string_view::npos)
          program_ = nullptr;
        copy(1);
      }
    }
    return std::move(out_);
  }

 private:
  // At the beginning of a name.
  void word() {
    std::size_t end = at_;
    while (end < text_.size() && continues_name(text_[end]))
      ++end;
    const std::string_view name = text_.substr(at_, end - at_);
    const std::size_t begin = at_;
    const char before = at_ > 0 ? text_[at_ - 1] : ' ';
    if (name[0] == '-' && short_secret(name)) return;
    if (is_token(name)) return mask_until(end);
    copy(name.size());
    if (text::equals_ignoring_case(name, "bearer") && blank_length() > 0) return bearer();
    if (name.ends_with("-----BEGIN")) return pem();
    if (name[0] == '-' && account(name)) return;
    if (const auto* const options = options_of(name)) program_ = options;
    if (takes_secrets_by_place(name)) find_by_place(begin);
    const bool arrow = text_.substr(at_).starts_with("=>");
    const bool secret = is_secret_name(name, before);
    if (next() == '=' && !arrow && (secret || is_secret_pwd(name, before)))
      return assignment(before);
    if (!secret) return said(begin, end);
    if ((before == '"' || before == '\'') && closes(before)) return member(before);
    if (is_sensitive(name) && (spaced_assignment() || element(before))) return;
    if (next() == ':' && is_header(name, before)) return header(begin, before);
    if (is_bare_member(name, before)) {
      copy(1);
      return mask_word();
    }
    if (name[0] == '-' && blank_length() > 0) return option();
    said(begin, end);
  }

  bool is_secret_name(std::string_view name, char before) const {
    if (kind_ != Kind::Line || before == '?' || before == '&') return names_a_secret(name);
    if (name == "PWD" || name == "OLDPWD") return false;
    if (is_sensitive(name)) return true;
    // "--passin x", "AccountKey=x", "DB_PW=x", where nothing else is meant.
    if (name.starts_with('-')) return name.find("pass") != std::string_view::npos;
    return next() == '=' &&
           (ends_ignoring_case(name, "accountkey") || ends_ignoring_case(name, "_pw") ||
            ends_ignoring_case(name, "_pat") || text::equals_ignoring_case(name, "pw"));
  }

  // "PASSWORD 'x'", "IDENTIFIED BY 'x'", "requirepass x".
  void said(std::size_t begin, std::size_t end) {
    if (const auto secret = secret_behind(text_, begin, end); secret && secret->begin >= at_) {
      copy(secret->begin - at_);
      return mask_until(secret->end);
    }
    user_information(text_.substr(begin, end - begin));
  }

  // "htpasswd -b FILE USER SECRET", up to the end of the command.
  void find_by_place(std::size_t begin) {
    std::vector<std::string_view> words;
    std::size_t at = begin;
    while (at < text_.size() &&
           std::string_view(";|&\r\n\"'`").find(text_[at]) == std::string_view::npos) {
      std::size_t end = at;
      while (end < text_.size() &&
             std::string_view(" \t;|&\r\n\"'`").find(text_[end]) == std::string_view::npos)
        ++end;
      if (end > at) words.push_back(text_.substr(at, end - at));
      at = end;
      while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t'))
        ++at;
    }
    if (!by_place_.empty()) return;
    for (const std::size_t index : secrets_by_place(words)) {
      const auto first = static_cast<std::size_t>(words[index].data() - text_.data());
      by_place_.push_back({first, first + words[index].size()});
    }
  }

  // "-p x" and "-px" of a program whose options are known.
  bool short_secret(std::string_view name) {
    const ShortOption* const option = short_option(program_, name);
    if (option == nullptr && name.size() == 2) {  // mysql -p'x'
      const char quote = at_ + 2 < text_.size() ? text_[at_ + 2] : '\0';
      const bool quoted = quote == '"' || quote == '\'';
      if (!quoted || short_option(program_, std::string(name) + quote) == nullptr) return false;
    } else if (option == nullptr) {
      return false;
    }
    copy(2);
    if (blank_length() > 0) {
      this->option();
    } else {
      mask_value("");
    }
    return true;
  }

  // The key between the marks of "-----BEGIN RSA PRIVATE KEY-----".
  void pem() {
    constexpr std::string_view kMark = "-----";
    const auto mark = text_.find(kMark, at_);
    if (mark == std::string_view::npos) return;
    if (text_.substr(at_, mark - at_).find("PRIVATE KEY") == std::string_view::npos) return;
    copy(mark + kMark.size() - at_);
    mask_until(std::min(text_.find("-----END", at_), text_.size()));
  }

  // PWD is a directory, but in "UID=sa;PWD=x" (ODBC), which is no list of variables.
  bool is_secret_pwd(std::string_view name, char before) const {
    if (name != "PWD" && name != "OLDPWD") return false;
    const std::string_view value = text_.substr(at_ + 1);
    return before == ';' ||
           (!value.empty() && !is_word_end(value[0]) && value[0] != '/' && value[0] != '$');
  }

  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void copy(std::size_t count) {
    out_ += text_.substr(at_, count);
    at_ += count;
  }
  // What keeps words of a line apart: a blank, a tab, or the end of a line that a shell's backslash
  // takes away. 0: something else.
  std::size_t blank_length() const {
    if (next() == ' ' || next() == '\t') return 1;
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("\\\n")) return 2;
    return rest.starts_with("\\\r\n") ? 3 : 0;
  }
  void copy_blanks() {
    while (const std::size_t length = blank_length())
      copy(length);
  }
  void mask_until(std::size_t end) {
    if (end > at_) out_ += kMask;
    at_ = end;
  }
  void mask_word(std::string_view more_ends = "") {
    std::size_t end = at_;
    while (end < text_.size() && !is_word_end(text_[end]) &&
           more_ends.find(text_[end]) == std::string_view::npos)
      ++end;
    mask_until(end);
  }
  // Of a string of SQL or Python: N'x', U&'x', E'x', b'x'.
  std::size_t prefix_of_quote() const {
    std::size_t length = 0;
    while (length < 2 && at_ + length < text_.size() &&
           (text::is_alpha(text_[at_ + length]) || (length > 0 && text_[at_ + length] == '&')))
      ++length;
    return at_ + length < text_.size() && text_[at_ + length] == '\'' ? length : 0;
  }
  // A value, which may be in quotes. Those of JSON inside of a JSON string are escaped themselves.
  void mask_value(std::string_view more_ends) {
    const bool escaped = next() == '\\';
    while (next() == '\\')
      copy(1);
    if (const std::size_t prefix = prefix_of_quote()) copy(prefix);
    const char quote = next();
    if (quote != '"' && quote != '\'') return mask_word(more_ends);
    copy(1);
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != quote && !(escaped && text_[end] == '\\'))
      end += text_[end] == '\\' ? 2 : 1;
    mask_until(std::min(end, text_.size()));
  }

  void assignment(char before) {
    copy(1);
    // Of a URL's query, the other parameters stay.
    whole_value(before == '?' || before == '&' ? "&#" : "");
  }
  // Whether the quote before the name follows it, escaped or not.
  bool closes(char quote) const {
    return next() == quote || (next() == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == quote);
  }
  bool opens_value(std::size_t at) const {
    while (at < text_.size() && text_[at] == '\\' && at + 1 < text_.size() &&
           (text_[at + 1] == '\\' || text_[at + 1] == '"'))
      ++at;
    return at < text_.size() && std::string_view("\"'[{").find(text_[at]) != std::string_view::npos;
  }
  std::size_t after_blanks(std::size_t at) const {
    return std::min(text_.find_first_not_of(' ', at), text_.size());
  }
  // In JSON, or with single quotes as Python and YAML write it. 'token': is followed by prose as
  // well.
  void member(char quote) {
    copy(next() == quote ? 1 : 2);
    copy_blanks();
    if (next() == ':') {
      const bool may_be_prose = quote == '\'' && kind_ != Kind::Argument;
      if (may_be_prose && !opens_value(after_blanks(at_ + 1))) return;
      copy(1);
    } else if (next() == '=') {
      copy(text_.substr(at_).starts_with("=>") ? 2 : 1);
    } else {
      return;
    }
    copy_blanks();
    whole_value(",}");
  }
  // "password = x", "password => x".
  bool spaced_assignment() {
    const std::size_t sign = after_blanks(at_);
    const std::string_view rest = text_.substr(sign);
    const bool arrow = rest.starts_with("=>");
    if (!arrow && (!rest.starts_with('=') || rest.starts_with("=="))) return false;
    copy(sign - at_ + (arrow ? 2 : 1));
    copy_blanks();
    whole_value(",}");
    return true;
  }
  // "<password>x</password>".
  bool element(char before) {
    if (next() != '>' || (before != '<' && before != ':')) return false;
    copy(1);
    mask_until(std::min({text_.find("</", at_), text_.find('\n', at_), text_.size()}));
    return true;
  }
  // One that may be a list or an object too.
  void whole_value(std::string_view more_ends) {
    if (next() != '[' && next() != '{') return mask_value(more_ends);
    copy(1);
    std::size_t end = at_;
    char quote = '\0';
    for (int depth = 1; end < text_.size(); ++end) {
      const char c = text_[end];
      if (quote != '\0') {
        if (c == quote) quote = '\0';
        if (c == '\\') ++end;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '[' || c == '{') {
        ++depth;
      } else if ((c == ']' || c == '}') && --depth == 0) {
        break;
      }
    }
    mask_until(std::min(end, text_.size()));
  }
  bool is_header(std::string_view name, char before) const {
    if (text::equals_ignoring_case(name, "authorization") ||
        text::equals_ignoring_case(name, "proxy-authorization") ||
        text::equals_ignoring_case(name, "cookie") ||
        text::equals_ignoring_case(name, "set-cookie") ||
        text::equals_ignoring_case(name.substr(0, 2), "x-"))
      return true;
    const std::string_view value = text_.substr(std::min(at_ + 1, text_.size()));
    if (value.empty()) return false;
    const bool option = name.starts_with('-');
    if (kind_ != Kind::Argument) {
      if (option) return false;
      if (value[0] == ' ' && looks_like_a_header(name)) return true;
      // What stands in quotes or below is no prose, except for "unexpected token: '}'".
      const bool sure = is_sensitive(name) && !text::equals_ignoring_case(name, "token");
      return sure && (opens_value(after_blanks(at_ + 1)) || begins_block(after_blanks(at_ + 1)));
    }
    if (value[0] == ' ' || opens_value(at_ + 1) || begins_block(at_ + 1)) return !option;
    return is_sure_of_colon(name) && !(is_in_address(before) && looks_like_port_or_path(value));
  }
  // "http://token:8080", "user@token:8080" and "/run/secret:/run/secret" have no name before the
  // colon.
  static bool is_in_address(char before) { return before == '/' || before == '@'; }
  static bool looks_like_port_or_path(std::string_view value) {
    const std::size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
    return value[0] == '/' ||
           (digits > 0 && (digits == value.size() || !text::is_alphanumeric(value[digits])));
  }
  // "password:1234" in prose, where a word is all of it. "secret::get" is a name in a program.
  bool is_bare_member(std::string_view name, char before) const {
    if (kind_ == Kind::Argument || next() != ':' || is_in_address(before)) return false;
    const std::string_view value = text_.substr(at_ + 1);
    return is_sensitive(name) && !value.empty() && !is_word_end(value[0]) && value[0] != ':';
  }
  // "|", ">-" and the like, or nothing: the value is in the lines that follow.
  bool begins_block(std::size_t at) const {
    const auto end = text_.find_first_of("\r\n", at);
    if (end == std::string_view::npos) return false;
    std::string_view rest = text_.substr(at, end - at);
    if (rest.starts_with('|') || rest.starts_with('>')) {
      rest.remove_prefix(1);
      rest.remove_prefix(std::min(rest.find_first_not_of("+-123456789"), rest.size()));
    }
    return rest.find_first_not_of(' ') == std::string_view::npos;
  }
  // To the end of the line or of the quotes that it is in.
  void header(std::size_t name, char before) {
    copy(1);
    copy_blanks();
    if (begins_block(at_)) return block(name);
    if (opens_value(at_) && next() != before) return whole_value("");
    mask_until(std::min(text_.find_first_of("\r\n\"'", at_), text_.size()));
  }
  // The lines that stand deeper than the one with the name.
  void block(std::size_t name) {
    const auto last_end = text_.rfind('\n', name);
    const std::size_t line = last_end == std::string_view::npos || name == 0 ? 0 : last_end + 1;
    const std::size_t indent = std::min(text_.find_first_not_of(" \t", line), name) - line;
    std::size_t start = std::string_view::npos;
    std::size_t end = text_.find('\n', at_);
    for (std::size_t next_line = end; next_line != std::string_view::npos;) {
      const std::size_t first = text_.find_first_not_of(" \t", next_line + 1);
      if (first == std::string_view::npos) break;
      const std::size_t line_end = std::min(text_.find_first_of("\r\n", first), text_.size());
      next_line = text_.find('\n', first);
      if (first == line_end) continue;  // an empty line
      if (first - (text_.rfind('\n', first) + 1) <= indent) break;
      if (start == std::string_view::npos) start = first;
      end = line_end;
    }
    if (start == std::string_view::npos) return;
    copy(start - at_);
    mask_until(end);
  }
  // A value may begin with '-'. What is masked may have been an option itself, so that what follows
  // it is masked too.
  void option() {
    for (;;) {
      copy_blanks();
      std::size_t end = at_;
      while (end < text_.size() && !is_word_end(text_[end]))
        ++end;
      const std::string_view value = text_.substr(at_, end - at_);
      if (is_switch(value)) return;
      mask_value("");
      if (!value.starts_with('-') || !sounds_secret(value) || blank_length() == 0) return;
    }
  }
  // "-u name:password", "-uname:password", "--user=name:password".
  bool account(std::string_view name) {
    if (names_an_account(name)) {
      if (blank_length() == 0 && (next() != '=' || name.size() == 2)) return false;
      if (next() == '=') copy(1);
      copy_blanks();
    } else if (!name.starts_with("-u") && !name.starts_with("-U")) {
      return false;
    } else if ((next() != ':' && (next() != '%' || name[1] != 'U')) ||
               text_.substr(at_).starts_with("://")) {
      return false;
    }
    const char quote = next() == '"' || next() == '\'' ? next() : '\0';
    if (quote != '\0') copy(1);
    std::size_t end = at_;
    while (end < text_.size() && (quote != '\0' ? text_[end] != quote : !is_word_end(text_[end])))
      ++end;
    const auto secret = secret_of_account(name, text_.substr(at_, end - at_));
    if (secret == std::string_view::npos) return true;
    copy(secret);
    mask_until(end);
    return true;
  }
  void bearer() {
    copy_blanks();
    std::size_t end = at_;
    while (end < text_.size() && !is_word_end(text_[end]))
      ++end;
    constexpr std::size_t kShortestToken = 12;
    constexpr std::size_t kShortestRandom = 6;
    if (end - at_ >= kShortestToken || looks_random(text_.substr(at_, end - at_), kShortestRandom))
      mask_until(end);
  }
  // "user:password@host" without the "://" that would make it a URL.
  void user_information(std::string_view name) {
    if (name.empty() || next() != ':') return;
    std::size_t end = at_ + 1;
    while (end < text_.size() && !is_word_end(text_[end]))
      ++end;
    const std::string_view rest = text_.substr(at_ + 1, end - at_ - 1);
    const auto at_sign = rest.rfind('@');
    if (at_sign == std::string_view::npos || at_sign == 0) return;
    copy(1);
    if (rest.starts_with('/')) {  // "postgres:/user:password@host"
      while (next() == '/')
        copy(1);
      return;
    }
    mask_until(at_ + at_sign);
  }

  std::string_view text_;
  const Kind kind_;
  std::size_t at_ = 0;
  const ShortOption* program_ = nullptr;  // of the command that we are in
  std::vector<Span> by_place_;            // secrets to come, of the same
  std::string out_;
};

std::string redact(std::string_view text, Kind kind) {
  const std::string without_urls = redact_url(text);
  return TextRedactor(without_urls, kind).run();
}

}  // namespace

std::string redact_text(std::string_view text) {
  return redact(text, Kind::Prose);
}

std::string redact_line(std::string_view text) {
  return redact(text, Kind::Line);
}

std::string redact_value(std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  if (sounds_secret(name)) return std::string(kRedacted);
  if (!names_a_webhook(name)) return redact_text(value);
  const auto mark = value.find("://");
  if (mark == std::string_view::npos) return std::string(kRedacted);
  const auto host = std::min(value.find('/', mark + 3), value.size());
  return fmt::format("{}/{}", redact_url(value.substr(0, host)), kMask);
}

std::vector<std::string> redact_arguments(const std::vector<std::string>& arguments) {
  std::vector<std::string> shown;
  shown.reserve(arguments.size());
  std::vector<std::string_view> words;  // of the command, if it takes secrets by their place
  std::vector<std::size_t> by_place;    // which of the arguments these are
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (!takes_secrets_by_place(word.substr(word.rfind('/') + 1))) continue;
    words.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
    words.front().remove_prefix(word.rfind('/') + 1);
    for (const std::size_t index : secrets_by_place(words))
      by_place.push_back(i + index);
  }
  bool secret = false;       // the next one
  std::string_view account;  // the option, if the next one is "user:password"
  const ShortOption* program = nullptr;
  for (const std::string& argument : arguments) {
    const bool option = argument.starts_with('-');
    const auto name = secret_of_account(account, argument);
    const ShortOption* const known = short_option(program, argument);
    const std::size_t at = shown.size();
    if (std::find(by_place.begin(), by_place.end(), at) != by_place.end()) {
      shown.emplace_back(kRedacted);
    } else if (secret && !argument.empty() && !is_switch(argument)) {
      shown.emplace_back(kRedacted);
    } else if (!account.empty() && !option && name != std::string::npos) {
      shown.push_back(fmt::format("{}{}", argument.substr(0, name), kMask));
    } else if (known != nullptr && argument.size() > 2) {
      shown.push_back(fmt::format("{}{}", argument.substr(0, 2), kMask));
    } else if (const auto equals = argument.find('=');
               option && equals != std::string::npos &&
               names_one_secret(argument.substr(0, equals))) {
      shown.push_back(fmt::format("{}={}", argument.substr(0, equals), kMask));
    } else {
      shown.push_back(redact(argument, Kind::Argument));
    }
    const bool alone = option && argument.find_first_of("= \t") == std::string::npos;
    // Also of what was masked: it may have been an option all the same.
    secret = (alone && (sounds_secret(argument) || (known != nullptr && argument.size() == 2))) ||
             is_followed_by_secret(argument);
    const auto slash = argument.rfind('/');
    if (const auto* const options =
            options_of(argument.substr(slash == std::string::npos ? 0 : slash + 1)))
      program = options;
    account = alone && names_an_account(argument) ? argument : std::string_view();
  }
  return shown;
}

}  // namespace holdfast::log
