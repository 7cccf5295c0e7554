// SPDX-License-Identifier: Apache-2.0
#pragma once

// SocketAccess: who may connect to the file of a Unix listener: the owner, group and mode of
// [listen.NAME], as numbers.
//
// Threads: any. look_up_access() may read files or ask a directory service.

#include "common/base/result.hpp"
#include "common/config/config.hpp"

#include <sys/types.h>

#include <filesystem>

namespace holdfast::supervisor::sockets {

struct SocketAccess {
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0;
};

// NotFound if there is no such account, PermissionDenied if this process may not give a file to it.
Result<SocketAccess> look_up_access(const config::Listen& listen);

Result<void> apply_access(const std::filesystem::path& file, const SocketAccess& access);

}  // namespace holdfast::supervisor::sockets
