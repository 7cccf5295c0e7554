// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of every error response: application/problem+json (RFC 9457), with the request id.
//
// {"type":"about:blank","title":"Not Found","status":404,"detail":"…","instance":"/api/x",
//  "request_id":"…","errors":[{"pointer":"#/title","detail":"…"}]}
//
// `type` is about:blank: the status identifies the problem, and `title` is its reason phrase (RFC
// 9457, 4.2.1).
// Threads: pure functions.

#include "api-worker/edge/context.hpp"
#include "common/base/result.hpp"
#include "common/http/message.hpp"

#include <string>
#include <vector>

namespace holdfast::api {

// What is wrong with one part of the input: exactly one of pointer and parameter is set.
struct FieldError {
  std::string pointer;    // a JSON pointer as URI fragment: "#/title"
  std::string parameter;  // of the query string: "limit"
  std::string detail;
};

struct ProblemDetails {
  int status = 500;
  std::string detail;
  std::vector<FieldError> errors = {};
};

http::Response problem_response(const Context& context, const ProblemDetails& problem);

// The one place where an error of the store, or of another part, becomes a status. The client is
// not told the cause of a 5xx; ErrorMapper logs it.
ProblemDetails problem_of(const Error& error);

}  // namespace holdfast::api
