// SPDX-License-Identifier: Apache-2.0
// Nanoseconds of processor time per decision of the shared limiter, beside the least that such a
// thing can cost: a hash map behind a mutex, in one process, counting without any window.
// Usage: bench_rate_limit [decisions]. One line per case.

#include "common/rate_limit/memory.hpp"
#include "common/rate_limit/table.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

using namespace holdfast;
using namespace holdfast::rate_limit;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> make_keys(std::size_t count) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i)
    keys.push_back(fmt::format("10.{}.{}.{}", i >> 16 & 255, i >> 8 & 255, i & 255));
  return keys;
}

template <class Decide>
void measure(const char* name, std::size_t keys_count, std::size_t decisions, Decide decide) {
  const auto keys = make_keys(keys_count);
  std::size_t allowed = 0;
  const std::clock_t begin = std::clock();
  for (std::size_t i = 0; i < decisions; ++i)
    allowed += decide(keys[i * 7919 % keys.size()], i) ? 1 : 0;
  const double ns = 1e9 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  fmt::print("{:<28} {:>7} clients  {:>7.1f} ns per decision  ({} of {} admitted)\n", name,
             keys_count, ns / static_cast<double>(decisions), allowed, decisions);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t decisions = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 3'000'000;
  for (const std::size_t clients :
       {std::size_t{1}, std::size_t{1000}, std::size_t{50'000}, std::size_t{1'000'000}}) {
    const auto memory = Memory::anonymous(kTableBytes);
    if (!memory) return 1;
    const auto table = Table::attach(memory->bytes());
    if (!table) return 1;
    const Policy policy{"default", 100, 1min};
    measure("shared table", clients, decisions, [&](const std::string& key, std::size_t i) {
      return table->decide(policy, key, 1000s + Duration(i) * 10'000, Count::Take).allowed;
    });
    std::mutex mutex;
    std::unordered_map<std::string, std::uint32_t> counts;
    measure("map and mutex, no window", clients, decisions,
            [&](const std::string& key, std::size_t) {
              const std::lock_guard lock(mutex);
              return ++counts[key] <= 100;
            });
  }
  return 0;
}
