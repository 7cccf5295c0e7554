// SPDX-License-Identifier: Apache-2.0
#pragma once

// Variables in the strings of a configuration file:
//
//   ${NAME}            the value of NAME; a problem if it is not set
//   ${NAME:-default}   the default if NAME is not set or empty; the default may have variables too
//   ${NAME-default}    the default only if NAME is not set
//
// Only a '$' directly before a '{' means anything, so that "$HOME", "$1" and "$$" reach a shell as
// they are. There `$$` stands for one dollar sign: "$${NAME}" is the text "${NAME}", for a shell.
// What replaced a variable is not looked at again.
//
// Threads: pure functions.

#include "common/config/fields.hpp"
#include "common/config/load.hpp"
#include "common/config/value.hpp"

#include <set>
#include <string>
#include <string_view>

namespace holdfast::config {

// Replaces the variables in every string of `table`, arrays and inner tables included; a string
// with one keeps its text in Value::written. What replaced a variable whose name sounds secret goes
// into `secrets`. Complaints never contain a value.
void replace_variables(Table& table, const Environ& environ, Complaints& complaints,
                       std::set<std::string>& secrets);

// The text that stands for `text` in a file.
std::string escape_variables(std::string_view text);

// Whether `text` has anything that one of the two above would change.
bool has_variable_syntax(std::string_view text);

}  // namespace holdfast::config
