// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/worker_sockets.hpp"

#include "common/net/listen.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <limits>
#include <utility>

namespace holdfast::supervisor::sockets {

namespace fs = std::filesystem;

namespace {

constexpr int kBacklog = 64;

// Leads to the socket, though its own file is gone.
fs::path descriptor_path(const Fd& file) {
  return fmt::format("/proc/{}/fd/{}", ::getpid(), file.get());
}

}  // namespace

WorkerSockets::WorkerSockets(fs::path directory, mode_t mode)
    : directory_(std::move(directory)), mode_(mode), changes_(directory_) {}

fs::path WorkerSockets::path_of(const std::string& worker, std::uint64_t incarnation) const {
  return directory_ / fmt::format("{}.{}.sock", worker, incarnation);
}

fs::path WorkerSockets::link_of(const std::string& worker) const {
  return directory_ / (worker + ".sock");
}

Result<WorkerSocket> WorkerSockets::open(const std::string& worker, std::uint64_t incarnation) {
  WorkerSocket result{Fd(), path_of(worker, incarnation)};
  HOLDFAST_TRY_ASSIGN(result.listener, net::listen_unix_socket(result.path, mode_, kBacklog));
  Kept kept;
  kept.file = Fd(::open(result.path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const auto id = kept.file ? file_id(kept.file.get()) : std::nullopt;
  if (!id) {
    const int os_error = errno;
    ::unlink(result.path.c_str());
    return fail_errno(os_error, fmt::format("open '{}'", result.path.native()));
  }
  kept.id = *id;
  if (const auto linked = point_link(worker, incarnation); !linked) {
    remove_if_same(result.path, kept.id);
    return tl::unexpected(linked.error());
  }
  kept_.insert_or_assign({worker, incarnation}, std::move(kept));
  return result;
}

// Renamed into place, so that the link exists at all times.
Result<void> WorkerSockets::point_link(const std::string& worker, std::uint64_t incarnation) const {
  const fs::path link = link_of(worker);
  const fs::path fresh = link.native() + ".new";
  ::unlink(fresh.c_str());
  if (::symlink(path_of(worker, incarnation).filename().c_str(), fresh.c_str()) != 0 ||
      ::rename(fresh.c_str(), link.c_str()) != 0) {
    return fail_errno(errno, fmt::format("link '{}'", link.native()));
  }
  return {};
}

bool WorkerSockets::is_ours(const fs::path& path, const Kept& kept) const {
  const auto id = file_id(path);
  if (!id) return false;
  std::error_code ignored;
  return *id == kept.id || fs::read_symlink(path, ignored) == descriptor_path(kept.file);
}

void WorkerSockets::remove(const std::string& worker, std::uint64_t incarnation) {
  const auto kept = kept_.find({worker, incarnation});
  if (kept == kept_.end()) return;
  const fs::path path = path_of(worker, incarnation);
  if (is_ours(path, kept->second)) ::unlink(path.c_str());
  kept_.erase(kept);
  std::error_code ignored;
  const fs::path link = link_of(worker);
  if (fs::read_symlink(link, ignored) != path.filename()) return;
  // A replacement that was given up leaves the process that it was to replace.
  const auto left = newest_of(worker);
  if (!left || !point_link(worker, *left)) ::unlink(link.c_str());
}

std::optional<std::uint64_t> WorkerSockets::newest_of(const std::string& worker) const {
  const auto behind = kept_.upper_bound({worker, std::numeric_limits<std::uint64_t>::max()});
  if (behind == kept_.begin()) return std::nullopt;
  const auto& [name, incarnation] = std::prev(behind)->first;
  return name == worker ? std::optional(incarnation) : std::nullopt;
}

std::size_t WorkerSockets::restore() {
  if (kept_.empty() || !changes_.any()) return 0;
  std::size_t restored = 0;
  // The newest incarnation of each worker first: the link leads to that.
  for (auto it = kept_.rbegin(); it != kept_.rend(); ++it) {
    const auto& [worker, incarnation] = it->first;
    const fs::path path = path_of(worker, incarnation);
    const fs::path target = descriptor_path(it->second.file);
    if (!file_id(path) && ::symlink(target.c_str(), path.c_str()) == 0) ++restored;
    if (!file_id(link_of(worker)) && point_link(worker, incarnation)) ++restored;
  }
  return restored;
}

}  // namespace holdfast::supervisor::sockets
