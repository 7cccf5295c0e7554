// SPDX-License-Identifier: Apache-2.0
#pragma once

// The alerts that the file may name in [alert_rule.NAME], and which of its keys each understands.
// What they mean is in supervisor/alerts/condition_table.hpp; a test holds the two together.
//
// Threads: any; pure.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

struct AlertName {
  // What an alert follows from, and so which keys say when.
  enum class Kind {
    State,  // something lasts: `for`
    Event,  // something happens, or happens often: `count` and `window`
  };
  std::string_view name;
  Kind kind = Kind::State;
  bool has_threshold = false;
};

const std::vector<AlertName>& alert_names();
const AlertName* find_alert_name(std::string_view name);  // nullptr: there is none
std::vector<std::string> names_of_alerts();

}  // namespace holdfast::config
