// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/path_claim.hpp"

#include "common/net/refuse_descriptors.hpp"
#include "common/os/file_id.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

namespace holdfast::supervisor::sockets {

namespace fs = std::filesystem;

namespace {

struct AbstractAddress {
  sockaddr_un address{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

// A name that begins with a NUL is not in the file system, and takes no terminator.
AbstractAddress abstract_address(const std::string& name) {
  AbstractAddress out;
  out.address.sun_family = AF_UNIX;
  std::memcpy(out.address.sun_path + 1, name.data(), name.size());
  out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return out;
}

// Short enough for an address, whatever the directory is called.
Result<std::string> claim_name(const fs::path& directory) {
  fs::path clean = directory.lexically_normal();
  if (clean.filename().empty()) clean = clean.parent_path();
  struct stat info {};
  if (::stat(clean.parent_path().c_str(), &info) != 0) {
    return fail_errno(errno, fmt::format("look at '{}'", clean.parent_path().native()));
  }
  return fmt::format("holdfast/{:x}/{:x}/{:016x}", info.st_dev, info.st_ino,
                     std::hash<std::string>{}(clean.filename().native()));
}

std::optional<ucred> holder_of(const AbstractAddress& address) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe) net::refuse_descriptors(probe.get());
  ucred holder{};
  socklen_t size = sizeof holder;
  if (!probe || ::connect(probe.get(), address.get(), address.size) != 0 ||
      ::getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &holder, &size) != 0) {
    return {};
  }
  return holder;
}

}  // namespace

Result<PathClaim> PathClaim::take(const fs::path& directory) {
  HOLDFAST_TRY_ASSIGN(std::string name, claim_name(directory));
  const AbstractAddress address = abstract_address(name);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail_errno(errno, "make a socket");
  net::refuse_descriptors(socket.get());
  if (::bind(socket.get(), address.get(), address.size) == 0) {
    // Nobody is ever answered: a connection shows who holds the claim.
    if (::listen(socket.get(), 128) != 0) return fail_errno(errno, "listen on the claim");
    return PathClaim(std::move(name), std::move(socket));
  }
  if (errno != EADDRINUSE) return fail_errno(errno, "claim the runtime directory");
  const auto holder = holder_of(address);
  const bool ours = holder && (holder->uid == ::geteuid() || holder->uid == 0);
  if (!ours) return PathClaim(std::move(name), Fd());
  return fail(ErrorKind::Conflict, fmt::format("another supervisor (pid {}) already runs in '{}'",
                                               holder->pid, directory.native()));
}

void PathClaim::turn_away() const {
  while (socket_ && Fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC))) {
  }
}

bool PathClaim::covers(const fs::path& directory) const {
  const auto name = claim_name(directory);
  return name && *name == name_;
}

}  // namespace holdfast::supervisor::sockets
