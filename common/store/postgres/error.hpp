// SPDX-License-Identifier: Apache-2.0
#pragma once

// PostgreSQL's error codes as errors that say what to do. Threads: pure functions.

#include "common/base/result.hpp"

#include <string>
#include <string_view>

namespace holdfast::store::postgres {

// What a statement failed with.
struct ServerError {
  std::string state;  // SQLSTATE, five characters
  std::string message;
  std::string detail;
  std::string constraint;  // that the statement would have violated
};

// `database`: what people may see of the URL, "postgresql db.internal/holdfast".
Error make_error(const ServerError& error, std::string_view database);

// Whether the same transaction, run again, may succeed at once: it lost against another one, or
// relied on a prepared statement in vain.
bool is_worth_repeating(std::string_view state);
// Whether a table has changed under a prepared statement: it has to be prepared again.
bool unprepares(std::string_view state);
// Whether a prepared statement is not there, or is there already: somebody gives one session of the
// server to several clients.
bool shows_shared_session(std::string_view state);
// Whether the server ends the session with this error: it shuts down, or an administrator said so.
bool ends_session(std::string_view state);

// Whether the server has no place for another connection (max_connections, CONNECTION LIMIT).
bool lacks_place(std::string_view state);

// What libpq says of a connection that could not be made, with PQERRORS_VERBOSE: it tells the code
// in no other way.
struct Refused {
  std::string state;   // of the last refusal; "" if no server has answered
  std::string reason;  // without codes and places in the server's source
};
Refused read_refusal(std::string_view verbose);

// The connection is gone, or could not be made; `reason` is libpq's.
Error connection_error(std::string_view reason, std::string_view database);

}  // namespace holdfast::store::postgres
