// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/compressor.hpp"

#include "common/http/content_coding.hpp"

#include <boost/asio/post.hpp>

#include <exception>

namespace holdfast::supervisor::status {

Compressor::~Compressor() {
  if (pool_) pool_->join();
}

http::Handler Compressor::wrap(http::Handler handler) {
  return [this, handler = std::move(handler)](const std::shared_ptr<http::Request>& request,
                                              http::Responder respond) {
    handler(request, [this, request, respond = std::move(respond)](http::Response response) {
      answer(request, std::move(response), respond);
    });
  };
}

void Compressor::answer(const std::shared_ptr<http::Request>& request, http::Response response,
                        const http::Responder& respond) {
  if (response.body.size() <= kInline || !http::is_worth_gzip(*request, response)) {
    http::encode(*request, response);
    return respond(std::move(response));
  }
  if (!pool_) pool_.emplace(1);
  boost::asio::post(*pool_, [request, respond, response = std::move(response)]() mutable {
    try {
      http::encode(*request, response);
      respond(std::move(response));
    } catch (const std::exception&) {
      // Without memory: `respond` is dropped, and the client gets a 500.
    }
  });
}

}  // namespace holdfast::supervisor::status
