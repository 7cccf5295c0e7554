// SPDX-License-Identifier: Apache-2.0
#pragma once

// Failpoints: places where a test makes the queue worker die as by kill -9, so that every window in
// which a job could be lost or done twice is hit on purpose. Always compiled in: what is tested is
// what is shipped. Off unless HOLDFAST_CRASH_AT names one of:
//
//   after_claim    the claim is committed, no job has started
//   after_start    a job's start is committed, its work has not begun
//   before_commit  the work is done, its result has not been handed to the store
//   after_commit   the result is committed, but not yet reported
//
// Threads: any; a value that does not change.

#include "common/base/result.hpp"

#include <optional>
#include <string_view>

namespace holdfast::queue {

enum class CrashAt { AfterClaim, AfterStart, BeforeCommit, AfterCommit };

class Failpoint {
 public:
  Failpoint() = default;  // off
  explicit Failpoint(CrashAt place) : armed_(place) {}

  // "" is off; an unknown name is InvalidArgument and names the choices.
  static Result<Failpoint> parse(std::string_view name);
  static Result<Failpoint> from_environment();

  // Does not return if this is the armed place.
  void hit(CrashAt place) const;

 private:
  std::optional<CrashAt> armed_;
};

}  // namespace holdfast::queue
