// SPDX-License-Identifier: Apache-2.0
#pragma once

// The name of this host, for people. Threads: any.

#include <string>

namespace holdfast {

std::string host_name();  // "localhost" if it cannot be told

}  // namespace holdfast
