// SPDX-License-Identifier: Apache-2.0
#pragma once

// RuntimeDir: the directory of sockets, which belongs to one supervisor at a time. A lock decides
// which one that is, and not the presence of a file: the kernel releases it when its holder ends,
// in whatever way, because no child inherits it. The path is claimed as well (path_claim.hpp), so
// that it stays ours if the directory is removed: restore() then makes it again.
//
// It is opened without following a link in its place, and everything in it is reached from there.
// Of what others put into it nothing is removed: only sockets and links with the names that we
// give.
//
// Threads: the main loop's. Owns the lock, and removes the socket files when it is destroyed, if
// the directory at its path is still the one that it has locked.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"
#include "common/protocol/names.hpp"
#include "supervisor/sockets/path_claim.hpp"

#include <filesystem>

namespace holdfast::supervisor::sockets {

class RuntimeDir {
 public:
  // Creates the directory (0750, whatever the umask) with `workers` and `notify` in it, locks it,
  // and removes sockets that a killed supervisor left behind. Conflict, with the pid of the other
  // supervisor, if it is in use, or if it is a link; PermissionDenied if it belongs to another user
  // or is writable by others.
  static Result<RuntimeDir> open(const std::filesystem::path& path);

  RuntimeDir(RuntimeDir&&) noexcept = default;
  RuntimeDir& operator=(RuntimeDir&&) = delete;
  ~RuntimeDir();  // removes the sockets, but not the lock file: that would be a race

  // For programs that run as another user and must reach the sockets in it.
  Result<void> let_others_pass();

  // Whether the directory at the path is the one that is locked, with all that belongs in it. A few
  // system calls.
  bool intact() const;
  // Makes again what is missing, after intact() said no; sockets are made by their owners. Conflict
  // or PermissionDenied if somebody else has put a directory there that cannot be used.
  Result<void> restore();

  // See PathClaim.
  void turn_others_away() const { claim_.turn_away(); }

  // The sockets of the endpoints. A socket in use by somebody else is a Conflict.
  Result<Fd> listen_status() const;
  Result<Fd> listen_admin() const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path workers() const { return path_ / "workers"; }
  std::filesystem::path notify() const { return path_ / "notify"; }
  std::filesystem::path notify_socket() const { return path_ / "notify.sock"; }
  std::filesystem::path status_socket() const { return path_ / protocol::kStatusSocketFile; }
  std::filesystem::path admin_socket() const { return path_ / protocol::kAdminSocketFile; }

 private:
  RuntimeDir(std::filesystem::path path, PathClaim claim);
  Result<void> make();
  void remove_sockets() const;

  std::filesystem::path path_;
  PathClaim claim_;
  Fd directory_;
  Fd lock_;
  bool others_pass_ = false;
};

}  // namespace holdfast::supervisor::sockets
