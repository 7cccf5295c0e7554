// SPDX-License-Identifier: Apache-2.0
#pragma once

// A table in memory of its own. Each test says what time it is.

#include "common/rate_limit/memory.hpp"
#include "common/rate_limit/table.hpp"
#include "tests/support/catch.hpp"

#include <cstddef>
#include <string>

namespace holdfast::rate_limit::test {

using namespace std::chrono_literals;

inline constexpr std::size_t kHeader = 4096;
inline constexpr Duration kStart = 1'000'000s;  // a machine that has been up for a while

class TestTable {
 public:
  explicit TestTable(std::size_t sets = 64)
      : memory_(*Memory::anonymous(kHeader + sets * kWays * sizeof(Slot))),
        table_(*Table::attach(memory_.bytes())) {}

  RateDecision take(const Policy& policy, const std::string& key, Duration now) const {
    return table_.decide(policy, key, now, Count::Take);
  }
  RateDecision look(const Policy& policy, const std::string& key, Duration now) const {
    return table_.decide(policy, key, now, Count::Peek);
  }
  // How many of `tries` are admitted at this moment.
  std::uint32_t burst(const Policy& policy, const std::string& key, Duration now,
                      int tries = 1000) const {
    std::uint32_t admitted = 0;
    for (int i = 0; i < tries; ++i)
      admitted += take(policy, key, now).allowed ? 1 : 0;
    return admitted;
  }
  std::span<std::byte> bytes() const { return memory_.bytes(); }
  const Table& table() const { return table_; }

 private:
  Memory memory_;
  Table table_;
};

}  // namespace holdfast::rate_limit::test
