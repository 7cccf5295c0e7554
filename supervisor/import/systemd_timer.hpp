// SPDX-License-Identifier: Apache-2.0
#pragma once

// systemd's timer units: when a service runs. Threads: any; pure.

#include "supervisor/import/model.hpp"

#include <string>

namespace holdfast::supervisor::importer {

bool is_timer(const Source& source);
// "backup.service", which the timer starts: as it says, or of its own name.
std::string service_of_timer(const Source& timer);

// Adds the timer's times to the program of its service.
void import_timer(const Source& timer, Section& program);

}  // namespace holdfast::supervisor::importer
