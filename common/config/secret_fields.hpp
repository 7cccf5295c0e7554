// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fields of what talks to others over HTTP: secrets, and the proxy.
//
// Threads: as fields.hpp.

#include "common/config/fields.hpp"

#include <set>
#include <string>

namespace holdfast::config {

// For text_field: printable ASCII on one line. The message does not repeat it.
Result<std::string> check_secret(const std::string& text);
// For text_field: "environment", "off" or a proxy's URL.
Result<std::string> check_proxy(const std::string& text);

// A secret. `literal` gets the key if it stands in the file as it is, for a warning.
Field secret_field(std::string key, ReloadEffect on_reload, std::string& value,
                   std::set<std::string>& literal, TextCheck check);

}  // namespace holdfast::config
