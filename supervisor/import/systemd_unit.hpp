// SPDX-License-Identifier: Apache-2.0
#pragma once

// A systemd service unit. Threads: pure functions.

#include "common/base/result.hpp"
#include "supervisor/import/model.hpp"

namespace holdfast::supervisor::importer {

// `timer`: the unit that starts it at times; null: none. InvalidArgument: the unit has no
// [Service].
Result<void> import_systemd_unit(const Source& source, const Source* timer, Stack& stack);

}  // namespace holdfast::supervisor::importer
