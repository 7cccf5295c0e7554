// SPDX-License-Identifier: Apache-2.0
#pragma once

// The text of an env_file, in the grammar of docker compose. One NAME=value per line; empty lines
// and lines that begin with '#' are skipped, `export ` before a name is allowed, CRLF counts as a
// newline and a leading UTF-8 byte order mark is dropped.
//
//   A=value # comment      trimmed; ends at a '#' that follows white space; expanded
//   A='as it stands'       literal, may span lines; only \' is an escape
//   A="a\tb"               may span lines; \a \b \f \n \r \t \v \\ \" \$ and octal \0NN; expanded
//
// Expanded: $NAME, ${NAME}, ${NAME:-default} and ${NAME-default}; $$ is a dollar sign. A name that
// is not set and has no default is an error: an empty password is worse than none.
//
// Threads: pure functions.

#include "common/base/result.hpp"
#include "supervisor/engine/child_environment.hpp"

#include <string_view>

namespace holdfast::supervisor {

// `outer`: where names are looked up that the file itself has not set above.
// InvalidArgument names the file and the line, never a value; a variable that only the supervisor
// sets is refused.
Result<Environ> parse_env_file(std::string_view text, std::string_view file_name,
                               const Environ& outer);

}  // namespace holdfast::supervisor
