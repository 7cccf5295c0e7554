// SPDX-License-Identifier: Apache-2.0
#pragma once

// WorkerSockets: the telemetry listeners, one per process. `workers/api-worker.0.7.sock` belongs to
// incarnation 7, and the symbolic link `workers/api-worker.0.sock`, for people and curl, leads to
// the newest. As each incarnation has its own path, the old process of a rolling restart can be
// scraped for the last time after its replacement has got its socket.
//
// A worker listens on the socket that it has inherited even after somebody has removed the file.
// The file is kept open here (O_PATH), and restore() puts a link to that in its place, through
// which a connection leads to the same socket.
//
// Threads: the main loop's. Owns the files; the listeners are the caller's.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"
#include "common/os/file_id.hpp"
#include "supervisor/sockets/directory_changes.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace holdfast::supervisor::sockets {

struct WorkerSocket {
  Fd listener;
  std::filesystem::path path;
};

class WorkerSockets {
 public:
  explicit WorkerSockets(std::filesystem::path directory, mode_t mode = 0600);

  Result<WorkerSocket> open(const std::string& worker, std::uint64_t incarnation);
  // Removes its files, unless others have taken their place. The link leads to the newest that is
  // left.
  void remove(const std::string& worker, std::uint64_t incarnation);
  // Makes again the files that are gone. O(1) if the directory has not changed. Returns how many.
  std::size_t restore();

  std::filesystem::path path_of(const std::string& worker, std::uint64_t incarnation) const;
  std::filesystem::path link_of(const std::string& worker) const;

 private:
  struct Kept {
    Fd file;  // O_PATH
    FileId id;
  };
  using Key = std::pair<std::string, std::uint64_t>;  // worker, incarnation

  std::optional<std::uint64_t> newest_of(const std::string& worker) const;
  // The file of a worker, or the link in its place.
  bool is_ours(const std::filesystem::path& path, const Kept& kept) const;
  Result<void> point_link(const std::string& worker, std::uint64_t incarnation) const;

  std::filesystem::path directory_;
  mode_t mode_;
  DirectoryChanges changes_;
  std::map<Key, Kept> kept_;
};

}  // namespace holdfast::supervisor::sockets
