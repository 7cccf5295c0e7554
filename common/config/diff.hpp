// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a configuration would change of another, section by section and key by key, each key with
// the effect that a reload has for it. Secrets are masked in what is shown, not in what is
// compared.
//
// Threads: pure functions.

#include "common/config/config.hpp"
#include "common/config/fields.hpp"

#include <string>
#include <vector>

namespace holdfast::config {

struct KeyDifference {
  std::string key;  // "stop_timeout", "environment.MODE"; "[http]": a section that a program reads
  ReloadEffect effects;
  std::string before;  // as TOML; empty: unset, or not shown
  std::string after;
};

struct SectionDifference {
  enum class Kind { Added, Removed, Changed };
  std::string section;  // "program.web"; empty: the top of the file
  Kind kind = Kind::Changed;
  std::vector<KeyDifference> keys;  // of Changed
};

// In the order of the schema; programs in that of `after`, then those that are gone.
std::vector<SectionDifference> compare(const Config& before, const Config& after);

// What a reload changes at once outside of [supervisor] and the programs, which tell their changes
// themselves: "+ alert_receiver.team", "~ alerts: group_wait".
std::vector<std::string> live_changes(const Config& before, const Config& after);

}  // namespace holdfast::config
