// SPDX-License-Identifier: Apache-2.0
#pragma once

// Router: which handler answers a method on a path. Patterns are literal segments and {name}
// placeholders that match one non-empty segment: "/api/documents/{id}". A literal takes precedence
// over a placeholder. The pattern itself is the request's route in metrics and logs, so that the
// number of routes stays bounded whatever clients request.
//
// Threads: routes are added before serving; match() is const and safe from any thread.

#include "api-worker/edge/context.hpp"
#include "api-worker/edge/problem.hpp"
#include "common/base/result.hpp"
#include "common/http/message.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::api {

// Sends the response, or the error that the error mapper turns into one: once, from any thread.
using Reply = std::function<void(Result<http::Response>)>;
// Runs on the event loop's thread and must not block it.
using RouteHandler = std::function<void(const ContextPtr& context, Reply reply)>;

// What a route refuses by the head alone, before a body is read: pure.
using HeadCheck = std::function<std::optional<ProblemDetails>(const http::Request& head)>;

// What a path refuses by what its {…} matched, whatever the method: pure.
using PathCheck =
    std::function<std::optional<ProblemDetails>(const std::vector<std::string>& path_values)>;

class Router {
 public:
  struct Match {
    const RouteHandler* handler = nullptr;  // null: no such path, or no such method on it
    const HeadCheck* check = nullptr;       // with a handler only; may be empty
    const PathCheck* path_check = nullptr;  // the same; made before it
    std::string_view route;                 // empty: no such path
    std::vector<std::string> path_values;
    std::string_view allow;  // the value of Allow for this path
  };

  // Throws std::invalid_argument for a pattern without a leading '/' or a duplicate route.
  void add(std::string_view method, std::string_view pattern, RouteHandler handler,
           HeadCheck check = {});

  // For a pattern that has a route already; throws std::invalid_argument otherwise.
  void check_path(std::string_view pattern, PathCheck check);

  // HEAD uses the handler of GET. OPTIONS matches no handler: the caller responds with `allow`.
  Match match(std::string_view method, std::string_view path) const;

  // Every method and pattern that was added.
  std::vector<std::pair<std::string, std::string>> routes() const;

 private:
  struct Method {
    std::string name;
    RouteHandler handler;
    HeadCheck check;
  };
  struct Segment {
    std::string text;
    bool placeholder = false;
  };
  struct Entry {
    std::string pattern;
    std::vector<Segment> segments;
    std::vector<Method> methods;
    std::string allow;
    PathCheck check;
  };
  static std::vector<Segment> split_pattern(std::string_view pattern);
  static bool matches(const Entry& entry, std::string_view path, std::vector<std::string>& values);

  std::vector<std::unique_ptr<Entry>> entries_;  // those with fewer placeholders first
};

}  // namespace holdfast::api
