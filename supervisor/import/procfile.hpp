// SPDX-License-Identifier: Apache-2.0
#pragma once

// A Procfile, as Heroku, foreman, honcho and overmind read it: one "NAME: COMMAND" per line, for a
// shell. Threads: pure functions.

#include "supervisor/import/model.hpp"

namespace holdfast::supervisor::importer {

// Files beside the Procfile whose existence matters.
std::vector<std::filesystem::path> files_beside_procfile(const Source& source);

void import_procfile(const Source& source, const Machine& machine, Stack& stack);

}  // namespace holdfast::supervisor::importer
