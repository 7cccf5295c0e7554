// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text in memory that is handed to another process by descriptor and that nobody can change any
// more, the process that made it included (memfd_create(2), F_ADD_SEALS).
//
// Threads: any. The descriptors are close-on-exec.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast {

// `name`: for /proc/PID/fd, where people see it.
Result<Fd> make_sealed_file(const std::string& name, std::string_view text);

// The whole text. The position of the descriptor, which other processes share, is neither used nor
// moved. InvalidArgument if the file is not sealed or holds more than `limit` bytes.
Result<std::string> read_sealed_file(int fd, std::size_t limit);

}  // namespace holdfast
