// SPDX-License-Identifier: Apache-2.0
#pragma once

// A supervisord.conf. Threads: pure functions.

#include "supervisor/import/model.hpp"

#include <string>
#include <vector>

namespace holdfast::supervisor::importer {

// What [include] names: patterns, relative to the file.
std::vector<std::string> includes_of_supervisord(const Source& source);

// The file itself, then what it includes.
void import_supervisord(const std::vector<Source>& sources, Stack& stack);

}  // namespace holdfast::supervisor::importer
