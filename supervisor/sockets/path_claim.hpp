// SPDX-License-Identifier: Apache-2.0
#pragma once

// PathClaim: the path of a directory, held by one process at a time, whatever becomes of the
// directory itself. A lock on a file in it is gone with it; a tmp cleaner must not open the door to
// a second supervisor. The claim is an abstract Unix socket whose name is made of the parent
// directory's identity and the directory's name, so it holds for the same place only, and the
// kernel releases it when its holder ends.
//
// Anyone may take an abstract name first. A holder that is neither of our user nor root is no
// supervisor of this directory and is ignored: the lock in the directory then has to do.
//
// Threads: any. Owns the socket, which no child inherits.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <filesystem>
#include <string>

namespace holdfast::supervisor::sockets {

class PathClaim {
 public:
  // Conflict, with the holder's pid, if another process has claimed this path.
  static Result<PathClaim> take(const std::filesystem::path& directory);

  // Whether this is still the claim of that path: not if the parent directory was replaced.
  bool covers(const std::filesystem::path& directory) const;
  // Closes the connections of those who have asked who holds the claim, before they fill the
  // backlog. To be called now and then.
  void turn_away() const;

 private:
  PathClaim(std::string name, Fd socket) : name_(std::move(name)), socket_(std::move(socket)) {}

  std::string name_;
  Fd socket_;  // empty if a stranger holds the name
};

}  // namespace holdfast::supervisor::sockets
