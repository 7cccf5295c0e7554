// SPDX-License-Identifier: Apache-2.0
#pragma once

// PM2's ecosystem file: JSON, or `module.exports = { apps: [ … ] }`. Threads: pure functions.

#include "common/base/result.hpp"
#include "supervisor/import/model.hpp"

namespace holdfast::supervisor::importer {

// InvalidArgument: the file is no such thing.
Result<void> import_pm2(const Source& source, const Machine& machine, Stack& stack);

}  // namespace holdfast::supervisor::importer
