// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace holdfast::supervisor {

namespace {

using boost::asio::ip::tcp;

class Connecting : public std::enable_shared_from_this<Connecting> {
 public:
  Connecting(boost::asio::io_context& io, std::string name, std::vector<tcp::endpoint> endpoints,
             std::function<void(Result<Fd>)> done)
      : socket_(io),
        name_(std::move(name)),
        endpoints_(std::move(endpoints)),
        done_(std::move(done)) {}

  void try_next() {
    const tcp::endpoint endpoint = endpoints_.at(tried_++);
    boost::system::error_code ignored;
    socket_.close(ignored);
    // Not by Asio, whose sockets would leak into child processes.
    Fd fd(::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return tried({errno, boost::system::system_category()});  // no IPv6, for example
    boost::system::error_code error;
    socket_.assign(endpoint.protocol(), fd.get(), error);
    if (error) return done_(fail_errno(error.value(), name_ + ": watch a socket"));
    std::ignore = fd.release();
    socket_.async_connect(endpoint,
                          [self = shared_from_this()](const boost::system::error_code& result) {
                            self->tried(result);
                          });
  }

 private:
  void tried(const boost::system::error_code& error) {
    if (!error) {
      boost::system::error_code failed;
      const int fd = socket_.release(failed);
      if (failed) return done_(fail_errno(failed.value(), name_));
      return done_(Fd(fd));
    }
    if (first_error_.empty()) first_error_ = error.message();
    if (tried_ < endpoints_.size()) return try_next();
    done_(fail(ErrorKind::Unavailable, fmt::format("{}: connect: {}", name_, first_error_)));
  }

  tcp::socket socket_;
  const std::string name_;
  const std::vector<tcp::endpoint> endpoints_;
  std::size_t tried_ = 0;
  std::string first_error_;  // of several failures the first is reported
  std::function<void(Result<Fd>)> done_;
};

}  // namespace

void connect(boost::asio::io_context& io, const net::Url& url,
             std::function<void(Result<Fd>)> done) {
  std::vector<tcp::endpoint> endpoints;
  if (url.host == "localhost") {
    endpoints.emplace_back(boost::asio::ip::address_v4::loopback(), url.port);
    endpoints.emplace_back(boost::asio::ip::address_v6::loopback(), url.port);
  } else {
    boost::system::error_code error;
    endpoints.emplace_back(boost::asio::ip::make_address(url.host, error), url.port);
  }
  auto connecting = std::make_shared<Connecting>(io, fmt::format("tcp:{}:{}", url.host, url.port),
                                                 std::move(endpoints), std::move(done));
  boost::asio::post(io, [connecting] { connecting->try_next(); });
}

}  // namespace holdfast::supervisor
