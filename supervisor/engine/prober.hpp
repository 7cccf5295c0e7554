// SPDX-License-Identifier: Apache-2.0
#pragma once

// Prober: asks workers from outside, in whichever way their program says.
//
// Threads: the main loop's. It outlives the probes that it makes.

#include "supervisor/core/types.hpp"
#include "supervisor/engine/probe.hpp"
#include "supervisor/engine/spawner.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>
#include <set>

namespace holdfast::supervisor {

// Whom a probe is about.
struct ProbedWorker {
  core::ProcessId process;
  pid_t pid = 0;
  std::shared_ptr<const config::Program> program;  // what it was made from
  std::function<bool()> alone;                     // see ProbeQuestion
};

class Prober {
 public:
  // All of it outlives the prober. /proc is read on `searcher`.
  Prober(boost::asio::io_context& io, boost::asio::thread_pool& searcher, Spawner& spawner)
      : io_(io), searcher_(searcher), spawner_(spawner) {}

  std::unique_ptr<Probe> ask_ready(const ProbedWorker& worker, OnAnswer on_answer);
  // `program`: with the question as it is configured now.
  std::unique_ptr<Probe> ask_health(const ProbedWorker& worker, const config::Program& program,
                                    OnAnswer on_answer);

  // Whether the process is a command that a probe has started, and runs.
  bool started(pid_t pid) const { return commands_.contains(pid); }

 private:
  std::unique_ptr<Probe> ask(const ProbedWorker& worker, ProbeQuestion question,
                             OnAnswer on_answer);

  boost::asio::io_context& io_;
  boost::asio::thread_pool& searcher_;
  Spawner& spawner_;
  std::set<pid_t> commands_;
};

}  // namespace holdfast::supervisor
