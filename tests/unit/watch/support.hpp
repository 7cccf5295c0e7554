// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files for tests of what is watched.

#include "tests/support/temp_dir.hpp"

#include <filesystem>
#include <fstream>
#include <string>

namespace holdfast::test {

// With the directories above it.
inline void write(const std::filesystem::path& file, const std::string& text = "x\n") {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::trunc) << text;
}

}  // namespace holdfast::test
