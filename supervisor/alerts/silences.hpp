// SPDX-License-Identifier: Apache-2.0
#pragma once

// Silences: alerts that nobody is to be told of until a time. They go on being shown, as silenced.
//
// Threads: one owner; pure.

#include "supervisor/alerts/alert.hpp"

#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::alerts {

struct Silence {
  std::string name;    // of the alert; a glob
  std::string target;  // a program, a worker or a queue; a glob; empty: every one
  WallTime until{};
  WallTime made_at{};
  bool operator==(const Silence&) const = default;
};

class Silences {
 public:
  Silences() = default;
  explicit Silences(std::vector<Silence> silences) : silences_(std::move(silences)) {}

  // Replaces one of the same name and target.
  void add(Silence silence);
  // Those of this name, and of this target if one is given; returns how many there were.
  std::size_t remove(const std::string& name, const std::string& target);
  // Forgets those that are over; returns whether there were any.
  bool expire(WallTime now);

  // Until when; nothing: it is not silenced.
  std::optional<WallTime> until(const Alert& alert, WallTime now) const;
  const std::vector<Silence>& all() const { return silences_; }

 private:
  std::vector<Silence> silences_;
};

}  // namespace holdfast::supervisor::alerts
