// SPDX-License-Identifier: Apache-2.0
#pragma once

// AddressProbe: asks a worker over HTTP or TCP. An answer counts only if a process of the worker
// has accepted the connection: the request is held back until that is known, by the kernel's word
// (socket_holder.hpp). Where several processes accept from one socket, more and more connections
// are made at a time until the worker has taken one: an idle process that is always first would
// take each single one. What others have accepted is asked to the end, as ordinary requests, and
// not considered.
//
// Threads: that of `io`; /proc is read on `searcher`. Both outlive the probe's last step.

#include "supervisor/engine/probe.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>

namespace holdfast::supervisor {

class AddressProbe final : public Probe {
 public:
  AddressProbe(boost::asio::io_context& io, boost::asio::thread_pool& searcher,
               ProbeQuestion question, OnAnswer on_answer);
  ~AddressProbe() override;

 private:
  class Run;
  std::shared_ptr<Run> run_;
};

}  // namespace holdfast::supervisor
