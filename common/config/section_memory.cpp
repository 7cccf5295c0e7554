// SPDX-License-Identifier: Apache-2.0
// The fields of [program.NAME] for what its workers may use of the machine.
#include "common/config/schema.hpp"

namespace holdfast::config {

using enum ReloadEffect;

void append_memory_fields(Program& program, Fields& fields) {
  constexpr std::uint64_t kMost = 1ull << 50;
  fields.push_back(bytes_field("memory_high", Live, program.memory_high, 0, kMost));
  fields.push_back(bytes_field("memory_max", Live, program.memory_max, 0, kMost));
  fields.push_back(
      choice_field<MemoryMeasure>("memory_measure", Live, program.memory_measure,
                                  {{"pss", MemoryMeasure::Pss}, {"rss", MemoryMeasure::Rss}}));
  fields.push_back(count_field("cpu_weight", Live, program.cpu_weight, 0, 10'000));
  fields.push_back(count_field("pids_max", Live, program.pids_max, 0, 4'194'304));
}

}  // namespace holdfast::config
