// SPDX-License-Identifier: Apache-2.0
#pragma once

// Prints what was imported as a holdfast.toml. Threads: pure functions.

#include "supervisor/import/model.hpp"

#include <string>

namespace holdfast::supervisor::importer {

// `origin`: of what it was made, for the first line. A value that Holdfast would refuse (a signal
// that it does not send, a time that is out of range) becomes a comment with the reason, so that
// the file loads.
std::string write(const Stack& stack, const std::string& origin);

}  // namespace holdfast::supervisor::importer
