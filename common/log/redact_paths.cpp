// SPDX-License-Identifier: Apache-2.0
#include "common/log/redact_paths.hpp"

#include "common/log/redact.hpp"
#include "common/log/secret_names.hpp"
#include "common/log/secret_scan.hpp"
#include "common/log/secret_texts.hpp"
#include "common/text/ascii.hpp"
#include "common/text/byte_block.hpp"
#include "common/text/json_escape.hpp"
#include "common/text/json_object.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::log {

namespace {

constexpr std::string_view kAny = "*";

Failure refuse_path(std::string_view path, std::string_view why) {
  return fail(
      ErrorKind::InvalidArgument,
      fmt::format("'{}' is not a path such as \"user.email\" or \"items.*.token\": {}", path, why));
}

// Reads "[…]" at the front of `rest` and removes it: a name in quotes, an index or "*".
Result<std::string> take_brackets(std::string_view path, std::string_view& rest) {
  rest.remove_prefix(1);
  const char quote = rest.empty() ? '\0' : rest.front();
  std::string_view name;
  if (quote == '"' || quote == '\'') {
    const auto end = rest.find(quote, 1);
    if (end == std::string_view::npos) return refuse_path(path, "a quote is not closed");
    name = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
  } else {
    const auto end = std::min(rest.find(']'), rest.size());
    name = rest.substr(0, end);
    rest.remove_prefix(end);
    if (name != kAny && !text::all_of(name, text::is_digit))
      return refuse_path(path, "brackets hold a number, '*' or a name in quotes");
  }
  if (!rest.starts_with(']')) return refuse_path(path, "']' is missing");
  rest.remove_prefix(1);
  if (name.empty()) return refuse_path(path, "a name is empty");
  return text::to_lower(name);
}

// "a.b[0]['c d']"
Result<std::vector<std::string>> names_of_path(std::string_view path) {
  std::vector<std::string> names;
  std::string_view rest = path;
  bool after_dot = true;
  while (!rest.empty() || after_dot) {
    if (rest.starts_with('[') && (!after_dot || names.empty())) {
      HOLDFAST_TRY_ASSIGN(std::string name, take_brackets(path, rest));
      names.push_back(std::move(name));
    } else if (after_dot) {
      const auto end = std::min(rest.find_first_of(".["), rest.size());
      if (end == 0) return refuse_path(path, "a name is empty");
      names.push_back(text::to_lower(rest.substr(0, end)));
      rest.remove_prefix(end);
    } else {
      return refuse_path(path, "a '.' is missing");
    }
    after_dot = rest.starts_with('.');
    if (after_dot) rest.remove_prefix(1);
  }
  const bool any_alone =
      std::all_of(names.begin(), names.end(), [](const std::string& name) { return name == kAny; });
  if (any_alone) return refuse_path(path, "it would hide everything");
  return names;
}

// The plain text of a key in lower case.
std::string plain_key(std::string_view key) {
  if (key.find('\\') == std::string_view::npos) return text::to_lower(key);
  return text::to_lower(text::unescape_json(key));
}

// "argv" and its like: an array of these is a command.
bool names_a_command(std::string_view key) {
  for (const std::string_view one :
       {"argv", "args", "arguments", "command", "cmd", "cmdline", "spawnargs", "execargv"}) {
    if (text::equals_ignoring_case(key, one)) return true;
  }
  return false;
}

// A header whose value is a secret, as an element of a list or as the name in a pair.
bool names_a_secret_header(std::string_view name) {
  for (const std::string_view one :
       {"authorization", "proxy-authorization", "cookie", "set-cookie"}) {
    if (text::equals_ignoring_case(name, one)) return true;
  }
  return looks_like_a_header(name) && is_sensitive(name);
}

bool says_nothing(std::string_view value) {
  return value == "null" || value == "true" || value == "false" || value == "\"\"";
}

}  // namespace

// Asked of each line, and colons are many in JSON.
bool may_contain_url(std::string_view text) {
  bool found = false;
  text::for_each_block(text, 0, [&](const char* block, std::size_t) {
    const text::ByteBlock next = text::load_block(block + 1);
    const text::ByteMarks slashes = (next == '/') & (text::load_block(block + 2) == '/');
    found = text::any((text::load_block(block) == ':') & (slashes | (next == '\\')));
    return !found;
  });
  return found;
}

bool may_need_redaction(std::string_view text) {
  return may_contain_url(text) || may_contain_secret(text);
}

Result<RedactPaths> RedactPaths::compile(const std::vector<std::string>& paths) {
  RedactPaths result;
  for (const std::string& text : paths) {
    HOLDFAST_TRY_ASSIGN(std::vector<std::string> names, names_of_path(text));
    const bool anywhere = names.size() == 1;
    result.paths_.push_back({std::move(names), anywhere});
  }
  return result;
}

RedactPaths::Rests RedactPaths::all() const {
  Rests rests;
  for (const Path& path : paths_)
    rests.push_back({&path, 0});
  return rests;
}

// Goes from an object to its member `key`, in lower case. True: its whole value is hidden;
// otherwise `inside` is what is left of the paths that lead into it.
bool RedactPaths::advance(const Rests& rests, std::string_view key, Rests& inside) {
  for (const Rest& rest : rests) {
    const std::vector<std::string>& names = rest.path->names;
    std::string joined;
    for (std::size_t to = rest.from; to < names.size(); ++to) {
      const bool any = to == rest.from && names[to] == kAny;
      if (to > rest.from) joined += '.';
      joined += names[to];
      if (!any && joined != key) {
        if (joined.size() >= key.size()) break;
        continue;
      }
      if (to + 1 == names.size()) return true;
      inside.push_back({rest.path, to + 1});
      if (any) break;
    }
    if (rest.path->anywhere) inside.push_back(rest);
  }
  return false;
}

bool RedactPaths::hides(std::string_view key) const {
  if (paths_.empty()) return false;
  Rests inside;
  return advance(all(), text::to_lower(key), inside);
}

bool RedactPaths::hides(std::string_view key, std::string_view member) const {
  if (paths_.empty()) return false;
  Rests inside;
  if (advance(all(), text::to_lower(key), inside)) return true;
  Rests further;
  return advance(inside, text::to_lower(member), further);
}

// Copies a valid JSON value. The depth is that of the scanner which has validated it.
class JsonMasker {
 public:
  JsonMasker(std::string& out, std::string_view json, bool secrets)
      : out_(out), json_(json), secrets_(secrets) {}

  void value(const RedactPaths::Rests& rests) {
    if (peek() == '{') {
      object(rests);
    } else if (peek() == '[') {
      array(rests);
    } else {
      scalar();
    }
  }

  // An array of strings, as the arguments of a command.
  void command(const RedactPaths::Rests& rests) {
    const std::size_t begin = at_;
    std::vector<std::string> words;
    for (++at_; peek() != ']' && at_ < json_.size();) {
      if (peek() == '"') {
        words.push_back(string_here());
        at_ = string_end(at_);
      } else if (peek() == ',' || text::kWhitespace.find(peek()) != std::string_view::npos) {
        ++at_;
      } else {
        break;
      }
    }
    const std::vector<std::string> shown = redact_arguments(words);
    if (peek() != ']' || shown == words) {
      at_ = begin;
      return value(rests);
    }
    ++at_;
    out_.push_back('[');
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (i > 0) out_.push_back(',');
      text::append_json_string(out_, shown[i]);
    }
    out_.push_back(']');
  }

 private:
  char peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
  void copy() { out_.push_back(json_[at_++]); }
  void copy_space() {
    while (text::kWhitespace.find(peek()) != std::string_view::npos && at_ < json_.size())
      copy();
  }

  std::size_t string_end(std::size_t from) const {
    std::size_t end = from + 1;
    while (end < json_.size() && json_[end] != '"')
      end += json_[end] == '\\' ? 2 : 1;
    return std::min(end + 1, json_.size());
  }

  std::size_t scalar_end() const {
    if (peek() == '"') return string_end(at_);
    return std::min(json_.find_first_of(",}] \t\r\n", at_), json_.size());
  }

  void scalar() {
    const std::size_t end = scalar_end();
    const std::string_view given = json_.substr(at_, end - at_);
    at_ = end;
    if (secrets_ && given.starts_with('"') && may_need_redaction(given)) {
      const std::string plain = text::unescape_json(given.substr(1, given.size() - 2));
      if (const std::string shown = redact_line(plain); shown != plain) {
        text::append_json_string(out_, shown);
        return;
      }
    }
    out_.append(given);
  }

  void skip_value() {
    std::size_t depth = 0;
    do {
      const char c = peek();
      if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++at_;
      } else if (c == '"') {
        at_ = string_end(at_);
      } else if (depth == 0) {
        at_ = scalar_end();
      } else {
        ++at_;
      }
    } while (depth > 0 && at_ < json_.size());
  }

  void object(const RedactPaths::Rests& rests) {
    copy();
    for (copy_space(); peek() != '}' && at_ < json_.size(); copy_space()) {
      if (peek() == ',') {
        copy();
        continue;
      }
      const std::size_t end = string_end(at_);
      const std::string key = plain_key(json_.substr(at_ + 1, end - at_ - 2));
      out_.append(json_.substr(at_, end - at_));
      at_ = end;
      copy_space();
      copy();  // the colon
      copy_space();
      // {"name":"Cookie","value":"x"}
      if (key == "name" && peek() == '"') pair_ = names_a_secret_header(string_here());
      if (std::exchange(pair_, pair_ && key != "value") && key == "value") {
        skip_value();
        append_redacted();
        continue;
      }
      member(rests, key);
    }
    pair_ = false;
    copy();
  }

  std::string string_here() const {
    const std::size_t end = string_end(at_);
    return text::unescape_json(json_.substr(at_ + 1, end - at_ - 2));
  }
  void append_redacted() { out_.append("\"").append(kRedacted).append("\""); }

  void member(const RedactPaths::Rests& rests, const std::string& key) {
    RedactPaths::Rests inside;
    const bool hidden = RedactPaths::advance(rests, key, inside);
    if (!hidden && !(is_sensitive(key) && !says_nothing(json_.substr(at_, scalar_end() - at_))))
      return secrets_ && peek() == '[' && names_a_command(key) ? command(inside) : value(inside);
    skip_value();
    append_redacted();
  }

  void array(const RedactPaths::Rests& rests) {
    copy();
    std::size_t index = 0;
    bool header = false;
    for (copy_space(); peek() != ']' && at_ < json_.size(); copy_space()) {
      if (peek() == ',') {
        copy();
        continue;
      }
      // ["Cookie", "x", "Host", "y"], [["Cookie", "x"]]
      const bool secret =
          std::exchange(header, peek() == '"' && names_a_secret_header(string_here()));
      if (secret && peek() == '"') {
        ++index;
        skip_value();
        append_redacted();
        header = false;
        continue;
      }
      element(rests, std::to_string(index++));
    }
    copy();
  }

  // A path may name the element, or lead through it.
  void element(const RedactPaths::Rests& rests, const std::string& index) {
    RedactPaths::Rests inside;
    for (const RedactPaths::Rest& rest : rests) {
      const std::vector<std::string>& names = rest.path->names;
      const bool named = names[rest.from] == kAny || names[rest.from] == index;
      if (named && rest.from + 1 == names.size()) {
        skip_value();
        append_redacted();
        return;
      }
      if (named) inside.push_back({rest.path, rest.from + 1});
      if (!named || rest.path->anywhere) inside.push_back(rest);
    }
    value(inside);
  }

  std::string& out_;
  std::string_view json_;
  std::size_t at_ = 0;
  bool secrets_;
  bool pair_ = false;  // the object that is read has named a header whose value is a secret
};

bool RedactPaths::leaves(std::string_view key, std::string_view value, bool secrets) const {
  if (!paths_.empty()) return false;
  const bool to_look_into =
      value.starts_with('{') || value.starts_with('[') || (secrets && value.starts_with('"'));
  return !to_look_into && (!is_sensitive(key) || says_nothing(value));
}

void RedactPaths::append_member(std::string& out, std::string_view key, std::string_view value,
                                bool secrets) const {
  const bool nested = value.starts_with('{') || value.starts_with('[');
  // Keys are short: a call of memchr() costs more than the loop.
  const bool escaped = std::any_of(key.begin(), key.end(), [](char c) { return c == '\\'; });
  Rests inside;
  bool hidden = false;
  if (!paths_.empty() || escaped) {
    const std::string plain = plain_key(key);
    hidden = advance(all(), plain, inside) || (is_sensitive(plain) && !says_nothing(value));
  } else {
    hidden = is_sensitive(key) && !says_nothing(value);
  }
  if (hidden) {
    out.append("\"").append(kRedacted).append("\"");
  } else if (nested || (secrets && value.starts_with('"'))) {
    JsonMasker masker(out, value, secrets);
    if (secrets && value.starts_with('[') && names_a_command(key)) {
      masker.command(inside);
    } else {
      masker.value(inside);
    }
  } else {
    out.append(value);
  }
}

}  // namespace holdfast::log
