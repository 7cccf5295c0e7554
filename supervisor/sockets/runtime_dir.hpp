// SPDX-License-Identifier: Apache-2.0
#pragma once

// RuntimeDir: the directory of sockets that belongs to one supervisor at a time. The lock, and not
// the presence of a file, decides who that is; it is gone the moment its holder dies, by whatever
// means, as no child inherits it.
//
// Threads: the main loop's. Owns the lock, and the sockets' files when it goes.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <filesystem>

namespace holdfast::supervisor::sockets {

class RuntimeDir {
 public:
  // Makes the directory (0750) and `workers` in it, locks it, and removes sockets that a killed
  // supervisor left. Conflict, naming the other's pid, if it is in use; PermissionDenied if it is
  // somebody else's or anyone may write there.
  static Result<RuntimeDir> open(const std::filesystem::path& path);

  RuntimeDir(RuntimeDir&&) noexcept = default;
  RuntimeDir& operator=(RuntimeDir&&) = delete;
  ~RuntimeDir();  // removes the sockets; the lock file stays, as removing it would be a race

  // For programs that run as another user: they have to reach the sockets in here.
  Result<void> let_others_pass() const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path workers() const { return path_ / "workers"; }
  std::filesystem::path notify_socket() const { return path_ / "notify.sock"; }

 private:
  RuntimeDir(std::filesystem::path path, Fd lock);

  std::filesystem::path path_;
  Fd lock_;
};

}  // namespace holdfast::supervisor::sockets
