// SPDX-License-Identifier: Apache-2.0
#pragma once

// A probe: one question to one worker from outside, and its answer. An address is asked by
// AddressProbe, a command by CommandProbe.

#include "common/base/clock.hpp"
#include "common/config/probe.hpp"
#include "supervisor/process/socket_holder.hpp"

#include <functional>
#include <string>

namespace holdfast::supervisor {

struct ProbeQuestion {
  config::Probe probe;  // of the worker's slot: without placeholders
  Duration timeout{};   // for the answer
  process::WorkerProcesses worker;
  // Its address is a socket that other processes accept from as well: several connections are made
  // until the worker has accepted one.
  bool shared = false;
  // Whether no other process of the program runs. Then an answer is taken for the worker's even if
  // the system does not tell whose it is.
  std::function<bool()> alone;
};

struct ProbeAnswer {
  enum class Outcome {
    Yes,
    No,     // no answer, or not the expected one
    Other,  // somebody else has answered, or it cannot be told who has
  };
  Outcome outcome = Outcome::No;
  bool answered = false;  // by the worker, whatever the answer
  std::string reason;     // unless Yes
};

// Called once, not inside the constructor of the probe. It may destroy the probe.
using OnAnswer = std::function<void(ProbeAnswer)>;

// A question under way. Destroying it ends it: nothing is called afterwards.
class Probe {
 public:
  Probe() = default;
  virtual ~Probe() = default;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
};

}  // namespace holdfast::supervisor
