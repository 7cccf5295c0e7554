// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random identifiers from the kernel's generator, getrandom(2).
//
// Threads: any. Throws std::system_error if the kernel has no generator.

#include <span>
#include <string>

namespace holdfast {

void fill_random(std::span<unsigned char> bytes);

// An RFC 9562 version 4 UUID in lower case: "6f2c1a9e-…".
std::string make_uuid();

}  // namespace holdfast
