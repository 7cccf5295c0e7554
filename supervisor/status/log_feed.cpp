// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/log_feed.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace holdfast::supervisor::status {

namespace {

constexpr std::size_t kPage = 256 * 1024;

http::Response answer(logs::RecentLines::Page page) {
  http::Response response = http::Response::text(200, std::move(page.text));
  response.headers.set("X-Log-Next", std::to_string(page.next));
  response.headers.set("X-Log-Missed", std::to_string(page.missed));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

LogFeed::LogFeed(boost::asio::io_context& io, logs::RecentLines& lines)
    : lines_(lines), waiters_(io) {
  lines_.listen([this, &io] {
    boost::asio::post(io, [this] {
      waiters_.wake();
      if (!waiters_.empty()) lines_.arm();
    });
  });
}

LogFeed::~LogFeed() {
  lines_.listen({});
}

void LogFeed::last(std::size_t count, const Names& names, const http::Responder& respond) const {
  respond(answer(lines_.last(count, names)));
}

void LogFeed::read(std::uint64_t after, Names names, Duration wait, http::Responder respond) {
  // Arm first, so that lines that arrive between the check and the wait wake the reader.
  lines_.arm();
  waiters_.add(
      wait, [this, after, names] { return !lines_.since(after, names, 1).text.empty(); },
      [this, after, names, respond = std::move(respond)] {
        respond(answer(lines_.since(after, names, kPage)));
      });
}

}  // namespace holdfast::supervisor::status
