// SPDX-License-Identifier: Apache-2.0
#include "common/base/result.hpp"

#include <cerrno>
#include <system_error>

namespace holdfast {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidArgument: return "invalid argument";
    case ErrorKind::KeyReused: return "idempotency key reused";
    case ErrorKind::Unstorable: return "not storable";
    case ErrorKind::NotFound: return "not found";
    case ErrorKind::Conflict: return "conflict";
    case ErrorKind::ResourceExhausted: return "resource exhausted";
    case ErrorKind::Unavailable: return "unavailable";
    case ErrorKind::DeadlineExceeded: return "deadline exceeded";
    case ErrorKind::PermissionDenied: return "permission denied";
    case ErrorKind::DataLoss: return "data loss";
    case ErrorKind::Internal: return "internal error";
  }
  return "unknown error";
}

namespace {

ErrorKind kind_of_errno(int os_error) {
  switch (os_error) {
    case ENOENT:
    case ENOTDIR: return ErrorKind::NotFound;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorKind::PermissionDenied;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSPC:
    case EDQUOT: return ErrorKind::ResourceExhausted;
    case EADDRINUSE:
    case EEXIST: return ErrorKind::Conflict;
    case EAGAIN:
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE: return ErrorKind::Unavailable;
    case ETIMEDOUT: return ErrorKind::DeadlineExceeded;
    case EINVAL: return ErrorKind::InvalidArgument;
    default: return ErrorKind::Internal;
  }
}

}  // namespace

Failure fail_errno(int os_error, std::string_view what) {
  return Failure(Error{kind_of_errno(os_error),
                       fmt::format("{}: {}", what, std::generic_category().message(os_error)),
                       os_error});
}

}  // namespace holdfast
