// SPDX-License-Identifier: Apache-2.0
#pragma once

// The configuration as text. Threads: any.

#include "common/config/config.hpp"

#include <string>

namespace holdfast::config {

// TOML with every key written out and secrets masked, below the names of the files if there are
// several. If there are no secrets, loading the text
// gives the same configuration again.
std::string show(const Config& config);

}  // namespace holdfast::config
