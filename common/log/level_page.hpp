// SPDX-License-Identifier: Apache-2.0
#pragma once

// LevelPage: memory by which the supervisor chooses the log level of the workers of one program
// while they run, a byte for each slot. Workers can read it and nothing else; it outlives them, so
// that a worker that is started again has the level that was chosen.
//
// Threads: any, for choose() and at(); the object is moved and destroyed by its owner alone.

#include "common/base/result.hpp"
#include "common/log/level.hpp"
#include "common/os/fd.hpp"

#include <atomic>
#include <cstdint>
#include <optional>

namespace holdfast::log {

class LevelPage {
 public:
  static constexpr std::uint32_t kSlots = 10'000;  // the most replicas that a program may have

  // The supervisor's.
  static Result<LevelPage> create();
  // A worker's. InvalidArgument: the descriptor is something else.
  static Result<LevelPage> open(Fd fd);

  LevelPage(LevelPage&& other) noexcept;
  LevelPage& operator=(LevelPage&&) = delete;
  ~LevelPage();

  // Nothing: the level that is configured. Of a page that was created.
  void choose(std::uint32_t slot, std::optional<Level> level);
  void choose_all(std::optional<Level> level);

  // For LogOptions::chosen_level; null: there is no such slot.
  const std::atomic<std::uint8_t>* at(std::uint32_t slot) const;
  int fd() const { return fd_.get(); }

 private:
  using Byte = std::atomic<std::uint8_t>;
  static_assert(sizeof(Byte) == 1 && Byte::is_always_lock_free);

  LevelPage(Fd fd, Byte* levels) : fd_(std::move(fd)), levels_(levels) {}

  Fd fd_;
  Byte* levels_;
};

}  // namespace holdfast::log
