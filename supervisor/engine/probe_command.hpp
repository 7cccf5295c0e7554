// SPDX-License-Identifier: Apache-2.0
#pragma once

// CommandProbe: runs a command that says by its exit code whether a worker is well. It has a
// process group of its own, which is killed when its time is over or the probe is destroyed. The
// last line of its output is the reason that is reported.
//
// Threads: that of `io`.

#include "supervisor/engine/probe.hpp"
#include "supervisor/process/child.hpp"
#include "supervisor/process/launcher.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace holdfast::supervisor {

class CommandProbe final : public Probe {
 public:
  // Starts the command with this descriptor as its standard output and error.
  using Launch = std::function<tl::expected<process::Launched, process::LaunchError>(int output)>;
  // Told of each pid, before and after: the process is ours to reap.
  struct Registry {
    std::function<void(pid_t)> started;
    std::function<void(pid_t)> ended;
  };

  CommandProbe(boost::asio::io_context& io, const ProbeQuestion& question, const Launch& launch,
               Registry registry, OnAnswer on_answer);
  ~CommandProbe() override;

 private:
  class Run;
  std::shared_ptr<Run> run_;
};

}  // namespace holdfast::supervisor
