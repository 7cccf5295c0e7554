// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/socket_access.hpp"

#include "common/net/listen.hpp"
#include "common/os/plain_file.hpp"
#include "supervisor/process/user.hpp"

#include <unistd.h>

#include <algorithm>
#include <vector>

namespace holdfast::supervisor::sockets {

namespace {

bool in_own_groups(gid_t group) {
  if (group == ::getegid()) return true;
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(count, 0)));
  const int got = ::getgroups(static_cast<int>(groups.size()), groups.data());
  return std::find(groups.begin(), groups.begin() + std::max(got, 0), group) !=
         groups.begin() + std::max(got, 0);
}

}  // namespace

Result<SocketAccess> look_up_access(const config::Listen& listen) {
  SocketAccess access{::geteuid(), ::getegid(),
                      static_cast<mode_t>(listen.mode.value_or(net::kUnixListenerMode))};
  if (listen.owner.empty() && listen.group.empty()) return access;
  const char* const key = listen.owner.empty() ? "group" : "owner";
  auto user = process::look_up_user(listen.owner, listen.group);
  if (!user) return fail(user.error().with_context(key));
  access.owner = user->identity.uid;
  access.group = user->identity.gid;
  if (::geteuid() == 0) return access;
  if (access.owner != ::geteuid()) {
    return fail(ErrorKind::PermissionDenied,
                fmt::format("owner: only root may give a socket to '{}'; start the supervisor as "
                            "root, or remove it",
                            listen.owner));
  }
  if (!in_own_groups(access.group)) {
    return fail(ErrorKind::PermissionDenied,
                fmt::format("group: the supervisor's user is not a member of '{}', and only root "
                            "may give a socket to another group",
                            listen.group.empty() ? listen.owner : listen.group));
  }
  return access;
}

Result<void> apply_access(const std::filesystem::path& file, const SocketAccess& access) {
  HOLDFAST_TRY_ASSIGN(const HeldFile socket, HeldFile::hold(file));
  // Each step before the next one that lets more people in.
  HOLDFAST_TRY(socket.give_to(access.owner, access.group));
  return socket.set_mode(access.mode);
}

}  // namespace holdfast::supervisor::sockets
