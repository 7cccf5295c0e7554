// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parsed document into Config, key by key. Threads: any.

#include "common/config/config.hpp"
#include "common/config/fields.hpp"
#include "common/config/report.hpp"

namespace holdfast::config {

// Reads every member of `table` by the field of its name; a member without a field is a problem.
void read_section(const Table& table, const std::string& section, const Fields& fields,
                  LoadReport& report);

void read_document(const Table& document, Config& config, LoadReport& report);

}  // namespace holdfast::config
