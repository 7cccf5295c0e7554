// SPDX-License-Identifier: Apache-2.0
#pragma once

// Compressor: gzip for the answers of the status endpoint, where the client accepts it. Small ones
// are compressed at once; large ones (a scrape of many thousand series) on a thread of their own,
// so that nobody else waits for them.
//
// Threads: wrap() and the handlers it makes on the telemetry thread; construct and destroy
// wherever nobody calls them. The destructor finishes what has begun. `wrap()`'s handlers must not
// be called after it.

#include "common/http/handler.hpp"

#include <boost/asio/thread_pool.hpp>

#include <optional>

namespace holdfast::supervisor::status {

class Compressor {
 public:
  // About two milliseconds' worth.
  static constexpr std::size_t kInline = 256u << 10;

  Compressor() = default;
  ~Compressor();
  Compressor(const Compressor&) = delete;

  // The same handler, with compressed answers.
  http::Handler wrap(http::Handler handler);

 private:
  void answer(const std::shared_ptr<http::Request>& request, http::Response response,
              const http::Responder& respond);

  std::optional<boost::asio::thread_pool> pool_;  // from the first large answer on
};

}  // namespace holdfast::supervisor::status
