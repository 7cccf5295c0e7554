// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whom Holdfast's own workers run as if the supervisor is root and their section names nobody:
// [supervisor] worker_user. They face the network and need no privilege. A process of another user
// can neither trace nor signal the supervisor, nor open its admin socket.
//
// Threads: at start and at a reload. Asks for accounts.

#include "common/base/result.hpp"
#include "common/config/config.hpp"

#include <filesystem>
#include <string>

namespace holdfast::supervisor {

struct WorkerUser {
  std::string name;     // that was given to workers; empty: none was
  std::string warning;  // for people; empty: none
};

// Sets `user` of the workers that have none. With "auto" that is the account `holdfast`, if there
// is one that can execute them.
WorkerUser assign_worker_user(config::Config& config);

// Gives the state directory, and what root has left in it, to that account, if it is ours: made by
// this supervisor (`made`), empty, or with its database in it. Follows no links.
Result<void> give_state(const std::filesystem::path& state_dir, bool made, const std::string& user);

}  // namespace holdfast::supervisor
