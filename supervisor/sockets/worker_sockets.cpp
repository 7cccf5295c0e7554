// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/worker_sockets.hpp"

#include "common/net/listen.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace holdfast::supervisor::sockets {

namespace fs = std::filesystem;

namespace {
constexpr int kBacklog = 64;
}

WorkerSockets::WorkerSockets(fs::path directory, mode_t mode)
    : directory_(std::move(directory)), mode_(mode) {}

fs::path WorkerSockets::path_of(const std::string& worker, std::uint64_t incarnation) const {
  return directory_ / fmt::format("{}.{}.sock", worker, incarnation);
}

fs::path WorkerSockets::link_of(const std::string& worker) const {
  return directory_ / (worker + ".sock");
}

Result<WorkerSocket> WorkerSockets::open(const std::string& worker, std::uint64_t incarnation) {
  WorkerSocket result{Fd(), path_of(worker, incarnation)};
  HOLDFAST_TRY_ASSIGN(result.listener, net::listen_unix_socket(result.path, mode_, kBacklog));
  // Renamed into place, so that the link exists at all times.
  const fs::path link = link_of(worker);
  const fs::path fresh = link.native() + ".new";
  ::unlink(fresh.c_str());
  if (::symlink(result.path.filename().c_str(), fresh.c_str()) != 0 ||
      ::rename(fresh.c_str(), link.c_str()) != 0) {
    const int os_error = errno;
    ::unlink(result.path.c_str());
    return fail_errno(os_error, fmt::format("link '{}'", link.native()));
  }
  return result;
}

void WorkerSockets::remove(const std::string& worker, std::uint64_t incarnation) {
  const fs::path path = path_of(worker, incarnation);
  ::unlink(path.c_str());
  std::error_code ignored;
  const fs::path link = link_of(worker);
  if (fs::read_symlink(link, ignored) == path.filename()) ::unlink(link.c_str());
}

}  // namespace holdfast::supervisor::sockets
