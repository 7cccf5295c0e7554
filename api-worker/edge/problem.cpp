// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/problem.hpp"

#include "common/text/json_writer.hpp"
#include "common/text/percent.hpp"

namespace holdfast::api {

namespace {

// A path as a URI reference (RFC 3986, 3.3). "//" at its beginning would name a host.
std::string as_reference(std::string_view path) {
  constexpr std::string_view kOfPaths = "/:@!$&'()*+,;=";
  std::string reference;
  for (const char c : path) {
    const bool names_host = c == '/' && reference == "/";
    if (kOfPaths.find(c) != std::string_view::npos && !names_host) {
      reference += c;
    } else {
      text::append_percent_encoded(reference, std::string_view(&c, 1));
    }
  }
  return reference;
}

bool has_public_message(ErrorKind kind) {
  return kind == ErrorKind::InvalidArgument || kind == ErrorKind::NotFound ||
         kind == ErrorKind::Conflict;
}

ProblemDetails cannot_answer() {
  return {503, "The service cannot answer at the moment. Try again."};
}

}  // namespace

http::Response problem_response(const Context& context, const ProblemDetails& problem) {
  std::string body;
  text::JsonWriter json(body);
  json.begin_object();
  json.field("type", "about:blank");
  json.field("title", http::reason_phrase(problem.status));
  json.field("status", problem.status);
  json.field("detail", problem.detail);
  // A refused request may have no valid path.
  if (context.request && !context.request->path.empty()) {
    json.field("instance", as_reference(context.request->path));
  }
  json.field("request_id", context.request_id);
  if (!problem.errors.empty()) {
    json.key("errors").begin_array();
    for (const FieldError& error : problem.errors) {
      json.begin_object();
      if (error.parameter.empty()) {
        json.field("pointer", error.pointer);
      } else {
        json.field("parameter", error.parameter);
      }
      json.field("detail", error.detail);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();

  http::Response response;
  response.status = problem.status;
  response.headers.set("Content-Type", "application/problem+json");
  if (problem.status == 503) response.headers.set("Retry-After", "1");
  response.body = std::move(body);
  return response;
}

ProblemDetails problem_of(const Error& error) {
  // A file that is not there, a constraint that does not hold: kinds that are the request's fault
  // in the store's own words, and the database's in those of its engine.
  if (error.of_database && has_public_message(error.kind)) return cannot_answer();
  switch (error.kind) {
    case ErrorKind::InvalidArgument: return {422, error.message};
    case ErrorKind::NotFound: return {404, error.message};
    case ErrorKind::Conflict: return {409, error.message};
    case ErrorKind::KeyReused:
      return {422,
              "This Idempotency-Key was already used for a different request. Send a new key."};
    case ErrorKind::Unstorable:
      return {422,
              "The database cannot store this: a value is too large, or has a character that the "
              "database does not know."};
    // 507 would fit a full disk, but clients know how to retry a 503.
    case ErrorKind::ResourceExhausted:
      return {503, "The service has run out of a resource that it needs. Try again later."};
    // Of the store, which is damaged or refuses this role: no request can be served, /ready says
    // so, and the same request succeeds once that is mended.
    case ErrorKind::PermissionDenied:
    case ErrorKind::DataLoss:
    case ErrorKind::Unavailable: return cannot_answer();
    case ErrorKind::DeadlineExceeded:
      return {503, "The service could not answer in time. Try again."};
    case ErrorKind::Internal: break;
  }
  return {500,
          "The request failed because of an error in the service. It was logged under the "
          "request id."};
}

}  // namespace holdfast::api
