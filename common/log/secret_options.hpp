// SPDX-License-Identifier: Apache-2.0
#pragma once

// Options of commands whose names do not tell that their values are secrets.
//
// Threads: any; pure.

#include <cstddef>
#include <string_view>

namespace holdfast::log {

// A short option of one program, known by the beginning of the program's name.
struct ShortOption {
  std::string_view program;
  char letter;
  enum Form { Apart, Attached, Both } form;  // "-p x", "-px"
};

// The first option of the program in a table in which the others follow; null if there is none.
const ShortOption* options_of(std::string_view program);

// The option that `word` is or begins with, of the program whose first option is `of`.
const ShortOption* short_option(const ShortOption* of, std::string_view word);

// Options whose value is "user:password".
bool names_an_account(std::string_view option);

// Where the secret of "user:secret" begins, or of "user%secret" after -U and --user (Samba); npos
// if there is none.
std::size_t secret_of_account(std::string_view option, std::string_view account);

}  // namespace holdfast::log
