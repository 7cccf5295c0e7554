// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads a parsed document into Config, key by key. Threads: any.

#include "common/config/config.hpp"
#include "common/config/fields.hpp"
#include "common/config/report.hpp"

namespace holdfast::config {

// Reads each member of `table` with the field of the same key; an unknown key is a problem.
void read_section(const Table& table, const std::string& section, const Fields& fields,
                  LoadReport& report);

void read_document(const Table& document, Config& config, LoadReport& report);

}  // namespace holdfast::config
