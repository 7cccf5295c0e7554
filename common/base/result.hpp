// SPDX-License-Identifier: Apache-2.0
#pragma once

// Result<T>: what a function returns if it can fail at run time. Exceptions are for start-up code,
// and for libraries that throw, each of which is wrapped by one file.
//
// Threads: values without shared state.

#include <fmt/format.h>
#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace holdfast {

// Callers switch on it to choose a status code, an exit code or a retry.
enum class ErrorKind {
  InvalidArgument,  // the caller's input is wrong, so repeating the call cannot help
  KeyReused,        // an idempotency key belongs to a different request
  Unstorable,       // a value is one that the store cannot hold
  NotFound,
  Conflict,           // a precondition, a unique key or a fence does not hold
  ResourceExhausted,  // a limit was reached: descriptors, processes, disk, a quota
  Unavailable,        // a peer is gone or busy, so trying again may help
  DeadlineExceeded,   // no answer in time
  PermissionDenied,
  DataLoss,  // stored or received data is damaged
  Internal,  // a defect here or in a library
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::Internal;
  std::string message;  // for people: what, where, and what to do
  int os_error = 0;     // errno if a system call failed, else 0
  // The message is a database's, with names that are its operator's business: for logs and
  // terminals, not for those who send requests.
  bool of_database = false;

  // The same error with what the caller was doing: "open configuration: permission denied".
  Error with_context(std::string_view context) const {
    return {kind, fmt::format("{}: {}", context, message), os_error, of_database};
  }
};

template <class T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

inline Failure fail(ErrorKind kind, std::string message) {
  return Failure(Error{kind, std::move(message), 0});
}

inline Failure fail(Error error) {
  return Failure(std::move(error));
}

// A failed system call; `what` names the call and its object. `os_error` is errno.
Failure fail_errno(int os_error, std::string_view what);

}  // namespace holdfast

// Returns the error to the caller, or continues.
#define HOLDFAST_TRY(expression)                                 \
  do {                                                           \
    if (auto try_result = (expression); !try_result) {           \
      return ::holdfast::Failure(std::move(try_result).error()); \
    }                                                            \
  } while (false)

#define HOLDFAST_TRY_CONCAT_INNER(a, b) a##b
#define HOLDFAST_TRY_CONCAT(a, b) HOLDFAST_TRY_CONCAT_INNER(a, b)
#define HOLDFAST_TRY_ASSIGN_INNER(temporary, declaration, expression)       \
  auto temporary = (expression);                                            \
  if (!temporary) return ::holdfast::Failure(std::move(temporary).error()); \
  declaration = std::move(*temporary)

// HOLDFAST_TRY_ASSIGN(auto value, read_file(path)): declares `value`, or returns the error.
#define HOLDFAST_TRY_ASSIGN(declaration, expression) \
  HOLDFAST_TRY_ASSIGN_INNER(HOLDFAST_TRY_CONCAT(try_value_, __LINE__), declaration, expression)
