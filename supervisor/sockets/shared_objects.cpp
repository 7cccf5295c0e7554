// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/shared_objects.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::supervisor::sockets {

Result<int> SharedObjects::memory(const std::string& name, std::size_t bytes) {
  if (const auto it = objects_.find(name); it != objects_.end()) return it->second.get();
  Fd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return fail_errno(errno, fmt::format("create the shared memory '{}'", name));
  }
  return (objects_[name] = std::move(fd)).get();
}

Result<int> SharedObjects::event(const std::string& name) {
  if (const auto it = objects_.find(name); it != objects_.end()) return it->second.get();
  Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) return fail_errno(errno, fmt::format("create the event '{}'", name));
  return (objects_[name] = std::move(fd)).get();
}

}  // namespace holdfast::supervisor::sockets
