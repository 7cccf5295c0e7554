// SPDX-License-Identifier: Apache-2.0
#pragma once

// Event listeners of a supervisord.conf that do what a key does here: superlance's httpok, a health
// probe, and memmon, a limit of memory. Threads: pure functions.

#include "supervisor/import/ini.hpp"
#include "supervisor/import/model.hpp"

namespace holdfast::supervisor::importer {

// `section`: an [eventlistener:x]. Whether its work was taken over, by the programs that it is
// about, which must be in the stack.
bool import_listener(const IniSection& section, Stack& stack);

}  // namespace holdfast::supervisor::importer
