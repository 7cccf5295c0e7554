// SPDX-License-Identifier: Apache-2.0
#pragma once

// Alerts in Alertmanager's terms: labels say which alert it is and never change while it lasts;
// annotations say what there is to know of it. Threads: pure functions.

#include "supervisor/alerts/alert.hpp"

#include <map>
#include <string>

namespace holdfast::supervisor::alerts {

using Labels = std::map<std::string, std::string>;

Labels labels_of(const Alert& alert, const std::string& host);
Labels annotations_of(const Alert& alert, const std::string& note);
std::string fingerprint_of(const AlertKey& key);  // 16 hexadecimal digits

}  // namespace holdfast::supervisor::alerts
