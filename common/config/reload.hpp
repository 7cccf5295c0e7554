// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a reload has to do, from the fields of the schema: the keys that differ between two
// configurations, each with the ReloadEffect that its declaration gives it. Nothing here names a
// key.
//
// Threads: pure functions.

#include "common/config/config.hpp"
#include "common/config/fields.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::config {

struct ChangedKey {
  std::string key;  // "stop_timeout"; for a shared section that the program reads, "[http]"
  ReloadEffect effects;
  std::string before;  // as TOML; empty: unset, or a section
  std::string after;
};
using ChangedKeys = std::vector<ChangedKey>;

// The keys of one [program.NAME], or of [supervisor], that differ. In the order of the schema.
ChangedKeys changed_keys(const Program& before, const Program& after);
ChangedKeys changed_keys(const Supervisor& before, const Supervisor& after);

// Whether one of the keys has this effect.
bool any_has(const ChangedKeys& keys, ReloadEffect effect);

// "command, stop_timeout, replicas 1 -> 3 (rolling restart)"
std::string describe(const ChangedKeys& keys);

// "command, stop_timeout, replicas 1 -> 3"
std::string describe_keys(const ChangedKeys& keys);
// The names of those that have this effect.
std::vector<std::string> keys_with(const ChangedKeys& keys, ReloadEffect effect);

// The keys outside of [supervisor] and [program.NAME] that differ and only take effect at the next
// start: "log.file", "metrics.gauge_rules", …
std::vector<std::string> keys_for_next_start(const Config& before, const Config& after);

// The digest of a listener in Program::uses; and the one that the program was made with: nothing if
// it is not handed this listener.
std::size_t digest_of(const Listen& listen);
std::optional<std::size_t> used_listener(const Program& program, const std::string& listener);

// Fills Program::uses: one digest for each shared section that the program depends on, that is the
// sockets that it is handed and, for Holdfast's own workers, the sections that they read when they
// start. Only keys with ReloadEffect::Roll count. To be called when nothing else changes any more.
void note_uses(Config& config);

}  // namespace holdfast::config
