// SPDX-License-Identifier: Apache-2.0
#pragma once

// Services: what the handlers share. Created and owned by the app; outlives every request.
//
// Threads: as stated by each member; the struct is read-only while serving.

#include "api-worker/edge/offload.hpp"
#include "api-worker/edge/router.hpp"
#include "common/base/clock.hpp"
#include "common/embedding/provider.hpp"
#include "common/http/content_coding.hpp"
#include "common/http/server.hpp"
#include "common/log/logger.hpp"
#include "common/net/ip_address.hpp"
#include "common/protocol/doorbell.hpp"
#include "common/store/store.hpp"

#include <prometheus/counter.h>
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
  Offload& embeddings;  // where a provider on a network is waited for, so that nothing else waits
  Duration query_timeout{};
  prometheus::Counter& text_only_searches;
  const prometheus::Registry& registry;
  const protocol::Doorbell& doorbell;
  std::function<http::ServerStats()> server_stats;  // the event loop's thread
  std::string worker;                               // "api-worker.0"
  std::string status_socket;                        // the supervisor's; empty without one
  std::vector<net::Network> metrics_allow;
  MonoTime started{};
};

// The event loop is blocked for at most a tenth of a millisecond: documents up to these sizes are
// read (and compressed), or parsed, in that time; larger ones on the pool. Measured in
// docs/adr/0008-what-runs-on-the-loop.md.
constexpr std::size_t kInlineBytes = 16u << 10;
constexpr std::size_t kInlineParsedBytes = 4u << 10;

inline Work work_for(std::size_t bytes, std::size_t inline_bytes = kInlineBytes) {
  return bytes <= inline_bytes ? Work::Point : Work::Scan;
}

// Runs `task` where such work belongs; an exception becomes the reply.
template <class Task>
void run(Offload& offload, Work work, const Reply& reply, Task task) {
  const bool taken = offload.run(work, [reply, task = std::move(task)]() mutable {
    // An exception must not end a pool thread, and with it the process.
    try {
      task();
    } catch (const std::exception& error) {
      const log::ErrText text = log::err_of(error);
      reply(fail(ErrorKind::Internal, fmt::format("{}: {}", text.type, text.message)));
    }
  });
  if (!taken) reply(fail(ErrorKind::Unavailable, "too many requests are waiting for a thread"));
}
template <class Task>
void run(const Services& services, Work work, const Reply& reply, Task task) {
  run(services.offload, work, reply, std::move(task));
}

// Replies with the Result<http::Response> of `produce`, compressed if the client accepts that.
template <class Produce>
void answer(const Services& services, const ContextPtr& context, Work work, const Reply& reply,
            Produce produce) {
  run(services, work, reply, [context, reply, produce = std::move(produce)]() mutable {
    if (!context->is_wanted()) return;  // it waited for a thread for too long
    Result<http::Response> response = produce();
    if (response) http::encode(*context->request, *response);
    reply(std::move(response));
  });
}

// Makes a route's handler from a function whose first parameter is the services.
template <class Function>
RouteHandler bind_services(const Services& services, Function function) {
  return [&services, function](const ContextPtr& context, Reply reply) {
    function(services, context, std::move(reply));
  };
}

}  // namespace holdfast::api
