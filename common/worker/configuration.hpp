// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a worker's configuration comes from: the descriptor "configuration" of its supervisor
// (common/config/handover.hpp) or, without one, because a person has started it, the file that
// HOLDFAST_CONFIG names, or /etc/holdfast/holdfast.toml if it exists, and the environment.
//
// Threads: any; blocks for the file.

#include "common/config/load.hpp"
#include "common/log/level_page.hpp"
#include "common/log/redact_paths.hpp"
#include "common/notify/listen_fds.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace holdfast::worker {

// Whether a supervisor has handed it over.
bool is_handed_configuration(const std::vector<notify::NamedFd>& descriptors);

// Takes the descriptor out of `descriptors`.
config::LoadResult read_configuration(std::vector<notify::NamedFd>& descriptors,
                                      const config::Environ& environ);

// The memory by which the supervisor chooses this worker's log level, taken out of `descriptors`.
// None if a person has started the program.
std::optional<log::LevelPage> take_level_page(std::vector<notify::NamedFd>& descriptors);

// From SIGTERM to SIGKILL: the stop_timeout of the program that the worker belongs to, or its
// default for a worker without a program.
Duration stop_timeout_of(const config::Config& config, const std::string& worker_name);

// `[log] redact`, for LogOptions.
std::shared_ptr<const log::RedactPaths> redact_paths(const config::Config& config);

}  // namespace holdfast::worker
