// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns the faults of tests/support/preload on and off while a stack runs.

#include "tests/support/stack.hpp"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

namespace holdfast::test {

class Faults {
 public:
  Faults() { jump(std::chrono::nanoseconds(0)); }

  // The environment that the stack must be started with.
  std::map<std::string, std::string> environment() const {
    const char* asan = std::getenv("ASAN_OPTIONS");
    return {
        {"LD_PRELOAD", bin_dir() / "preload.so"},
        {"HOLDFAST_TEST_PRELOAD", dir_.path()},
        {"ASAN_OPTIONS", std::string(asan == nullptr ? "" : asan) + ":verify_asan_link_order=0"},
        {"PORT", "0"}};
  }
  void set(const std::string& fault) { std::ofstream(dir_ / fault); }
  void clear(const std::string& fault) { std::filesystem::remove(dir_ / fault); }
  // Sets how far the stack's wall clock is ahead of the machine's.
  void jump(std::chrono::nanoseconds offset) {
    const std::int64_t count = offset.count();
    std::fstream file(dir_ / "clock", std::ios::in | std::ios::out | std::ios::binary);
    if (!file) file.open(dir_ / "clock", std::ios::out | std::ios::binary);
    file.write(reinterpret_cast<const char*>(&count), sizeof count);
  }

 private:
  TempDir dir_;
};

}  // namespace holdfast::test
