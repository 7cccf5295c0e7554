// SPDX-License-Identifier: Apache-2.0
#include "common/log/secret_scan.hpp"

#include "common/text/byte_block.hpp"

namespace holdfast::log {

namespace {

struct Window {
  text::ByteBlock raw, d;   // a block, and what begins three bytes behind it
  text::ByteBlock a, b, c;  // in lower case: the block, and what begins one and two bytes behind it
};

// By three letters of each that are rare in other words.
text::ByteMarks words_of_secrets(const Window& w) {
  const text::ByteMarks e = w.b == 'e';
  text::ByteMarks marks = (w.a == 'a') & (w.b == 's') & (w.c == 's');    // pass
  marks |= (w.a == 'p') & (w.b == 'w');                                  // pwd
  marks |= (w.a == 'c') & (w.b == 'r') & (w.c == 'e');                   // secret, credentials
  marks |= (w.a == 'd') & e & (w.c == 'n');                              // identified
  marks |= (w.a == 'o') & (w.b == 'k') & ((w.c == 'e') | (w.c == 'i'));  // token, cookie
  marks |= (w.a == 'k') & e & (w.c == 'y');                              // key
  marks |= (w.a == 'a') & (w.b == 'u') & (w.c == 't');                   // authorization
  marks |= (w.a == 'b') & e & (w.c == 'a');                              // bearer
  marks |= (w.a == 't') & (w.b == 'u') & (w.c == 's') & ((w.d == 'e') | (w.d == 'E'));  // setuser
  marks |= (w.a == 'b') & (w.b == 'b') & (w.c == 'i');                     // rabbitmqctl
  marks |= (w.a == 'v') & (w.b == 'a') & (w.c == 'u');                     // vault
  marks |= (w.a == 'q') & (w.b == 'l') & (w.c == 'p');                     // sqlplus
  marks |= (w.a == 'j') & (w.b == 'd') & (w.c == 'b');                     // jdbc
  marks |= (w.raw == 'e') & (w.b == 'y') & (w.c == 'j');                   // a JWT
  marks |= (w.raw == 'A') & (w.c == 'i') & ((w.b == 'k') | (w.b == 's'));  // AWS
  marks |= (w.raw == 'A') & (w.b == 'i') & (w.c == 'z');                   // Google
  return marks;
}

// What stands before the '_' of a token: "ghp_", "sk_", "rk_", "hf_", "npm_", "pat_", "dop_v1_",
// "whsec_".
text::ByteMarks before_underscore(const Window& w) {
  return ((w.a == 'g') & (w.b == 'h')) | ((w.c == 'k') & ((w.b == 's') | (w.b == 'r'))) |
         ((w.b == 'h') & (w.c == 'f')) | ((w.a == 'n') & (w.b == 'p') & (w.c == 'm')) |
         ((w.a == 'p') & (w.b == 'a') & (w.c == 't')) | ((w.b == 'o') & (w.c == 'p')) |
         ((w.a == 's') & (w.b == 'e') & (w.c == 'c'));
}

// Before a '-': " -p", "----", "sk-", "xoxb-", "xapp-", "glpat-", "gldt-", "glrt-", "pypi-".
text::ByteMarks before_hyphen(const Window& w) {
  return (w.c == ' ') | (w.c == '\'') | (w.c == '"') |
         ((w.a == '-') & (w.b == '-') & (w.c == '-')) | ((w.b == 's') & (w.c == 'k')) |
         ((w.a == 'o') & (w.b == 'x')) | ((w.a == 'a') & (w.b == 'p') & (w.c == 'p')) |
         ((w.c == 't') & (((w.a == 'p') & (w.b == 'a')) | (w.a == 'l'))) |
         ((w.a == 'y') & (w.b == 'p') & (w.c == 'i'));
}

// The two need three bytes before them.
bool may_begin_with_token(std::string_view text) {
  constexpr std::string_view kForms = "sk_ sk- rk_ hf_ ";
  return text.size() > 3 && kForms.find(text.substr(0, 3)) != std::string_view::npos;
}

}  // namespace

bool may_contain_secret(std::string_view text) {
  bool found = may_begin_with_token(text);
  if (found) return true;
  text::for_each_block(text, 0, [&](const char* block, std::size_t) {
    constexpr unsigned char kLower = 0x20;
    Window w;
    w.raw = text::load_block(block);
    w.a = w.raw | kLower;
    w.b = text::load_block(block + 1) | kLower;
    w.c = text::load_block(block + 2) | kLower;
    w.d = text::load_block(block + 3);
    text::ByteMarks marks = words_of_secrets(w);
    const text::ByteMarks underscores = w.d == '_';
    const text::ByteMarks hyphens = w.d == '-';
    if (text::any(underscores | hyphens)) {
      // An option's name follows the hyphen: " -p", " --user". Not " - " and " -1".
      const text::ByteBlock e = text::load_block(block + 4);
      const text::ByteMarks option = (e >= 'A') | (e == '-');
      marks |= underscores & before_underscore(w);
      marks |= hyphens & before_hyphen(w) & (option | (w.c != ' '));
    }
    found = text::any(marks);
    return !found;
  });
  return found;
}

}  // namespace holdfast::log
