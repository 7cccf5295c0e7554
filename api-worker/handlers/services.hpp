// SPDX-License-Identifier: Apache-2.0
#pragma once

// Services: what the handlers share. Made and owned by the app, outlives every request.
//
// Threads: the members say so themselves; the struct is read-only while serving.

#include "api-worker/doorbell.hpp"
#include "api-worker/ip_address.hpp"
#include "api-worker/offload.hpp"
#include "api-worker/router.hpp"
#include "common/base/clock.hpp"
#include "common/embedding/provider.hpp"
#include "common/http/server.hpp"
#include "common/store/store.hpp"

#include <prometheus/registry.h>

#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace holdfast::api {

struct Services {
  boost::asio::io_context& io;
  const Clock& clock;
  store::Store& store;
  Offload& offload;
  embedding::Provider& embedder;
  const prometheus::Registry& registry;
  const Doorbell& doorbell;
  std::function<http::ServerStats()> server_stats;  // the loop's thread
  std::string worker;                               // "api-worker.0"
  std::string status_socket;                        // of the supervisor; empty when alone
  std::vector<Network> metrics_allow;
  MonoTime started{};
};

// Replies with what `produce` returns (a Result<http::Response>), run where such work belongs.
template <class Produce>
void answer(const Services& services, Work work, const Reply& reply, Produce produce) {
  const bool taken = services.offload.run(work, [reply, produce = std::move(produce)] {
    // An exception must not end a pool thread, and with it the process.
    try {
      reply(produce());
    } catch (const std::exception& error) {
      reply(fail(ErrorKind::Internal, error.what()));
    }
  });
  if (!taken) reply(fail(ErrorKind::Unavailable, "too many reads are waiting for a thread"));
}

}  // namespace holdfast::api
