// SPDX-License-Identifier: Apache-2.0
#pragma once

// The configuration as the supervisor hands it to Holdfast's own workers: complete, with variables
// replaced, secret files read and the environment applied. A worker that restarts uses exactly what
// was validated, whatever has become of the file, of the secret files and of the environment that
// the program's section sets.
//
// The text is TOML with every key written out. Of [program.NAME] it has only the worker's own
// program, without the variables of its environment.
//
// Threads: pure functions.

#include "common/base/result.hpp"
#include "common/config/load.hpp"

#include <string>
#include <string_view>

namespace holdfast::config {

// InvalidArgument if a value could not be read back as it is: it is not UTF-8, because a "${NAME}"
// in it stood for what is not. The message names its key, and not its text, which may be a secret.
Result<std::string> handover_text(const Config& config, const std::string& program);

// What handover_text() has written. Neither the environment nor any file is looked at.
LoadResult load_handover(std::string_view text);

}  // namespace holdfast::config
