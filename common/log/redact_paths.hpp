// SPDX-License-Identifier: Apache-2.0
#pragma once

// RedactPaths: the values that `[log] redact` hides, besides those that are always hidden
// (is_sensitive() in redact.hpp). A path names members from the outermost object inward:
//
//   "user.email"             the member `email` of the object `user`
//   "items.*.token"          of each of its members or elements; also "items[*].token"
//   "req.headers['x-key']"   names with other characters
//   "password"               a single name: wherever it stands, at any depth
//
// Names are compared without regard to case, and as text: "\u0065mail" is "email". A name leads
// through arrays to their elements by itself, and "user.email" is also the name of one member.
//
// Threads: immutable; any.

#include "common/base/result.hpp"

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::log {

class RedactPaths {
 public:
  RedactPaths() = default;
  // InvalidArgument: which path is wrong, and why.
  static Result<RedactPaths> compile(const std::vector<std::string>& paths);

  bool empty() const { return paths_.empty(); }

  // Whether the whole value of this member of the outermost object is hidden, or that of `member`
  // of the object that it is. By the paths alone.
  bool hides(std::string_view key) const;
  bool hides(std::string_view key, std::string_view member) const;

  // Whether append_member() appends the value as it is, quickly decided for nearly all of them;
  // false if that is not sure. `key`: written without escapes.
  bool leaves(std::string_view key, std::string_view value, bool secrets) const;

  // Appends a JSON value, which is valid, as the value of the member `key` of the outermost object
  // (as written, between its quotes), with what is hidden left out: by the paths, by is_sensitive()
  // and, if `secrets`, by redact_line().
  void append_member(std::string& out, std::string_view key, std::string_view value,
                     bool secrets) const;

 private:
  friend class JsonMasker;
  struct Path {
    std::vector<std::string> names;  // in lower case; "*": any
    bool anywhere = false;
  };
  // What is still to come of a path.
  struct Rest {
    const Path* path;
    std::size_t from;
  };
  using Rests = boost::container::small_vector<Rest, 8>;

  Rests all() const;
  static bool advance(const Rests& rests, std::string_view key, Rests& inside);

  std::vector<Path> paths_;
};

// Whether `text` could contain a URL, written with JSON's optional escapes or without.
bool may_contain_url(std::string_view text);

// Whether redact_line() may change `text`. Asked of each line.
bool may_need_redaction(std::string_view text);

}  // namespace holdfast::log
