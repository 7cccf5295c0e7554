// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random identifiers from the kernel's generator (getrandom(2)). Threads: any.

#include <span>
#include <string>

namespace holdfast {

void fill_random(std::span<unsigned char> bytes);

// RFC 9562 version 4, lower case: "6f2c1a9e-…".
std::string make_uuid();

}  // namespace holdfast
