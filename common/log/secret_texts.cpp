// SPDX-License-Identifier: Apache-2.0
#include "common/log/secret_texts.hpp"

#include "common/log/redact.hpp"
#include "common/log/secret_names.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>
#include <array>

namespace holdfast::log {

namespace {

struct TokenForm {
  std::string_view prefix;
  std::size_t rest;  // at least so many characters follow
};

constexpr std::array kTokenForms = {
    TokenForm{"ghp_", 30},     TokenForm{"gho_", 30},      TokenForm{"ghu_", 30},
    TokenForm{"ghs_", 30},     TokenForm{"ghr_", 30},      TokenForm{"github_pat_", 20},
    TokenForm{"glpat-", 16},   TokenForm{"gldt-", 16},     TokenForm{"glrt-", 16},
    TokenForm{"xoxb-", 10},    TokenForm{"xoxp-", 10},     TokenForm{"xoxa-", 10},
    TokenForm{"xoxr-", 10},    TokenForm{"xoxs-", 10},     TokenForm{"xoxe", 16},
    TokenForm{"xapp-", 10},    TokenForm{"sk_live_", 10},  TokenForm{"sk_test_", 10},
    TokenForm{"rk_live_", 10}, TokenForm{"rk_test_", 10},  TokenForm{"whsec_", 16},
    TokenForm{"sk-", 32},      TokenForm{"AIza", 35},      TokenForm{"npm_", 36},
    TokenForm{"pypi-AgE", 16}, TokenForm{"dop_v1_", 32},   TokenForm{"hf_", 30},
    TokenForm{"shpat_", 24},   TokenForm{"dckr_pat_", 16}, TokenForm{"AGE-SECRET-KEY-1", 20},
};

bool is_upper_or_digit(char c) {
  return text::is_upper(c) || text::is_digit(c);
}

// "AKIAIOSFODNN7EXAMPLE"
bool is_aws_key(std::string_view word) {
  constexpr std::size_t kLength = 20;
  return word.size() == kLength && (word.starts_with("AKIA") || word.starts_with("ASIA")) &&
         text::all_of(word, is_upper_or_digit);
}

// Two or three parts of base64 with dots between them, of which the first is a JSON object.
bool is_jwt(std::string_view word) {
  if (!word.starts_with("eyJ")) return false;
  const auto dot = word.find('.');
  constexpr std::size_t kShortest = 10;
  return dot != std::string_view::npos && dot >= kShortest && word.size() - dot > kShortest;
}

bool ends_word(char c) {
  return std::string_view(" \t\r\n\"'<>`").find(c) != std::string_view::npos;
}

std::size_t after_blanks(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t", at), text.size());
}

std::size_t word_end(std::string_view text, std::size_t at) {
  while (at < text.size() && !ends_word(text[at]))
    ++at;
  return at;
}

std::string_view word_at(std::string_view text, std::size_t at) {
  return text.substr(at, word_end(text, at) - at);
}

bool is_quote(char c) {
  return c == '\'' || c == '"';
}

// What is in the quotes that begin at `at`, with backslashes before them or without, or behind one
// or two letters ("N'x'", "U&'x'").
std::optional<Span> in_quotes(std::string_view text, std::size_t at) {
  constexpr std::size_t kLongestPrefix = 3;
  std::size_t quote = at;
  while (quote < text.size() && quote - at < kLongestPrefix && !is_quote(text[quote]) &&
         (text::is_alpha(text[quote]) || text[quote] == '&' || text[quote] == '\\' ||
          text[quote] == '('))
    ++quote;
  if (quote >= text.size() || !is_quote(text[quote])) return std::nullopt;
  std::size_t end = quote + 1;
  while (end < text.size() && (text[end] != text[quote] ||
                               text.substr(end).starts_with(text[quote] == '"' ? "\"\"" : "''")))
    end += text[end] == text[quote] ? 2 : 1;
  end = std::min(end, text.size());
  // The backslash of a quote within a string of JSON stays with the quote.
  if (quote > at && text[quote - 1] == '\\' && end > quote + 1 && text[end - 1] == '\\') --end;
  if (end == quote + 1) return std::nullopt;
  return Span{quote + 1, end};
}

bool is_keyword(std::string_view word, std::string_view keyword) {
  return text::equals_ignoring_case(word, keyword);
}

// "IDENTIFIED [WITH plugin] BY [PASSWORD] 'x'", also AS and VALUES; `sql`: and Oracle's
// "BY x", which is prose as well.
std::optional<Span> behind_identified(std::string_view text, std::size_t at, bool sql) {
  at = after_blanks(text, at);
  if (is_keyword(word_at(text, at), "with")) {
    at = after_blanks(text, word_end(text, at));
    const auto plugin = in_quotes(text, at);
    at = after_blanks(text, plugin ? plugin->end + 1 : word_end(text, at));
  }
  const std::string_view by = word_at(text, at);
  if (!is_keyword(by, "by") && !is_keyword(by, "as")) return std::nullopt;
  at = after_blanks(text, at + by.size());
  for (const std::string_view between : {"password", "values", "random"}) {
    if (is_keyword(word_at(text, at), between)) at = after_blanks(text, at + between.size());
  }
  if (const auto quoted = in_quotes(text, at)) return quoted;
  const std::size_t end = std::min(text.find_first_of(" \t\r\n;,)\"'", at), text.size());
  if (end == at || !sql) return std::nullopt;
  return Span{at, end};
}

// "SET PASSWORD FOR 'me'@'%' = 'x'"
std::optional<Span> behind_password_for(std::string_view text, std::size_t at) {
  const auto sign = text.find('=', at);
  if (sign == std::string_view::npos || sign - at > 200) return std::nullopt;
  at = after_blanks(text, sign + 1);
  constexpr std::string_view kFunction = "password(";
  if (is_keyword(text.substr(at, kFunction.size()), kFunction)) at += kFunction.size();
  return in_quotes(text, at);
}

bool is_password(std::string_view name) {
  return ends_ignoring_case(name, "password") || ends_ignoring_case(name, "passwd") ||
         ends_ignoring_case(name, "pwd") || ends_ignoring_case(name, "passphrase");
}

// "password 'x'", "password is hunter2", "token: abc12345"
std::optional<Span> behind_name(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view name = text.substr(begin, end - begin);
  const bool password = is_password(name);
  std::size_t at = end;
  if (at < text.size() && text[at] == ':') ++at;
  const bool colon = at > end;
  const std::size_t blanks = after_blanks(text, at);
  if (password && !colon) {
    if (blanks > at && is_keyword(word_at(text, blanks), "for"))
      return behind_password_for(text, blanks);
    const bool call = at < text.size() && text[at] == '(';
    if (blanks > at || call) {
      if (const auto quoted = in_quotes(text, blanks)) return quoted;
    }
  }
  if (blanks == at) return std::nullopt;
  at = blanks;
  for (const std::string_view verb : {"is", "was", "="}) {
    if (!colon && is_keyword(word_at(text, at), verb)) at = after_blanks(text, at + verb.size());
  }
  const auto quoted = in_quotes(text, at);
  const std::size_t first = quoted ? quoted->begin : at;
  std::size_t last = quoted ? quoted->end : word_end(text, at);
  while (!quoted && last > first &&
         std::string_view(".,;:)]}").find(text[last - 1]) != std::string_view::npos)
    --last;
  constexpr std::size_t kShortestPassword = 6;
  constexpr std::size_t kShortestToken = 8;
  if (!looks_random(text.substr(first, last - first),
                    password ? kShortestPassword : kShortestToken))
    return std::nullopt;
  return Span{first, last};
}

// "jdbc:oracle:thin:scott/tiger@host", "sqlplus scott/tiger@host"
std::optional<Span> behind_oracle(std::string_view text, std::size_t at) {
  at = text.substr(at).starts_with(':') ? at + 1 : after_blanks(text, at);
  const std::string_view account = word_at(text, at);
  const auto slash = account.find('/');
  const auto sign = account.find('@', slash == std::string_view::npos ? 0 : slash);
  if (slash == std::string_view::npos || slash == 0 || sign == std::string_view::npos ||
      sign == slash + 1)
    return std::nullopt;
  return Span{at + slash + 1, at + sign};
}

bool goes_on_as_prose(std::string_view word) {
  for (const std::string_view one :
       {"is", "was", "not", "must", "and", "or", "to", "option", "directive", "has", "set"}) {
    if (is_keyword(word, one)) return true;
  }
  return word.empty();
}

// Programs that take a secret by its place: after `word`, or where this is empty after the program
// if an option has the letter `option` in it.
struct PlaceRule {
  std::string_view program;
  std::string_view word;
  char option;
  std::size_t place;  // counted from 1, options left out; 0: the last; kRest: all that follow
  bool random_only;   // where the words are those of a sentence as well
};
constexpr std::size_t kRest = 1000;

constexpr std::array kPlaceRules = {
    PlaceRule{"htpasswd", "", 'b', 0, false},
    PlaceRule{"mosquitto_passwd", "", 'b', 0, false},
    PlaceRule{"rabbitmqctl", "add_user", '\0', 2, false},
    PlaceRule{"rabbitmqctl", "change_password", '\0', 2, false},
    PlaceRule{"rabbitmqctl", "authenticate_user", '\0', 2, false},
    PlaceRule{"redis-cli", "auth", '\0', kRest, false},
    PlaceRule{"valkey-cli", "auth", '\0', kRest, false},
    PlaceRule{"vault", "login", '\0', 1, true},
    PlaceRule{"mc", "set", '\0', 4, false},  // mc alias set NAME URL ACCESS SECRET
};

bool has_option(const std::vector<std::string_view>& words, char letter) {
  return std::any_of(words.begin() + 1, words.end(), [&](std::string_view word) {
    return word.size() > 1 && word[0] == '-' && word[1] != '-' &&
           word.find(letter) != std::string_view::npos;
  });
}

}  // namespace

bool looks_random(std::string_view word, std::size_t shortest) {
  constexpr std::string_view kSigns = "_-+/=.!@#$%^&*~";
  bool letter = false;
  bool digit = false;
  for (const char c : word) {
    letter |= text::is_alpha(c);
    digit |= text::is_digit(c);
    if (!text::is_alphanumeric(c) && kSigns.find(c) == std::string_view::npos) return false;
  }
  return letter && digit && word.size() >= shortest;
}

bool is_token(std::string_view word) {
  constexpr std::size_t kShortest = 14;
  if (word.size() < kShortest) return false;
  if (is_jwt(word) || is_aws_key(word)) return true;
  return std::any_of(kTokenForms.begin(), kTokenForms.end(), [&](const TokenForm& form) {
    return word.starts_with(form.prefix) && word.size() >= form.prefix.size() + form.rest;
  });
}

bool is_followed_by_secret(std::string_view word) {
  for (const std::string_view one : {"requirepass", "masterauth", "primaryauth"}) {
    if (is_keyword(word, one)) return true;
  }
  return false;
}

std::optional<Span> secret_behind(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view name = text.substr(begin, end - begin);
  if (is_keyword(name, "identified")) return behind_identified(text, end, name == "IDENTIFIED");
  if (is_keyword(name, "setuser")) {  // Redis: ACL SETUSER me on >x ~*
    const auto mark = text.find(" >", end);
    if (mark == std::string_view::npos) return std::nullopt;
    return Span{mark + 2, word_end(text, mark + 2)};
  }
  if (is_keyword(name, "pragma")) {  // SQLCipher: PRAGMA key = 'x'
    std::size_t at = after_blanks(text, end);
    const std::string_view key =
        text.substr(at, std::min(text.find_first_of(" =", at), text.size()) - at);
    if (!is_keyword(key, "key") && !is_keyword(key, "rekey")) return std::nullopt;
    at = text.find_first_not_of(" =", at + key.size());
    return at == std::string_view::npos ? std::nullopt : in_quotes(text, at);
  }
  if (is_followed_by_secret(name)) {
    const std::size_t at = after_blanks(text, end);
    if (at == end || goes_on_as_prose(word_at(text, at))) {
      if (const auto quoted = in_quotes(text, at); quoted && at > end) return quoted;
      return std::nullopt;
    }
    return Span{at, word_end(text, at)};
  }
  if (name == "thin" || name == "sqlplus") return behind_oracle(text, end);
  if (!is_sensitive(name)) return std::nullopt;
  return behind_name(text, begin, end);
}

bool takes_secrets_by_place(std::string_view program) {
  return std::any_of(kPlaceRules.begin(), kPlaceRules.end(),
                     [&](const PlaceRule& rule) { return rule.program == program; });
}

std::vector<std::size_t> secrets_by_place(const std::vector<std::string_view>& words) {
  std::vector<std::size_t> found;
  if (words.empty()) return found;
  for (const PlaceRule& rule : kPlaceRules) {
    if (rule.program != words[0]) continue;
    if (rule.option != '\0' && !has_option(words, rule.option)) continue;
    std::size_t at = 1;
    if (!rule.word.empty()) {
      while (at < words.size() && !is_keyword(words[at], rule.word))
        ++at;
      ++at;
    }
    std::vector<std::size_t> places;
    for (; at < words.size(); ++at) {
      if (!words[at].starts_with('-')) places.push_back(at);
    }
    if (places.empty()) continue;
    if (rule.place == kRest) {
      found = places;
    } else if (rule.place == 0) {
      if (places.size() > 1) found = {places.back()};
    } else if (rule.place <= places.size()) {
      found = {places[rule.place - 1]};
    }
    constexpr std::size_t kShortestToken = 8;
    if (rule.random_only) {
      std::erase_if(found,
                    [&](std::size_t one) { return !looks_random(words[one], kShortestToken); });
    }
    if (!found.empty()) break;
  }
  return found;
}

bool opens_private_key(std::string_view line) {
  const auto mark = line.find("-----BEGIN ");
  if (mark == std::string_view::npos) return false;
  const std::string_view rest = line.substr(mark);
  return rest.find("PRIVATE KEY") != std::string_view::npos &&
         rest.find("-----END") == std::string_view::npos;
}

bool is_private_key_line(std::string_view line) {
  line = text::trim(line, " \t\r");
  if (line.starts_with("Proc-Type:") || line.starts_with("DEK-Info:") || line.empty()) return true;
  return text::all_of(
      line, [](char c) { return text::is_alphanumeric(c) || c == '+' || c == '/' || c == '='; });
}

}  // namespace holdfast::log
