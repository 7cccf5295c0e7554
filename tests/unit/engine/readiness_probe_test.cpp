// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/readiness_probe.hpp"

#include "supervisor/engine/probe_address.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <unistd.h>

#include <list>
#include <string>
#include <vector>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// Answers every connection with the same bytes and leaves it open.
class Server {
 public:
  Server(asio::io_context& io, std::string answer)
      : acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        answer_(std::move(answer)) {
    accept();
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/";
  }

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error) return;
      asio::write(sockets_.emplace_back(std::move(socket)), asio::buffer(answer_), error);
      accept();
    });
  }

  tcp::acceptor acceptor_;
  std::string answer_;
  std::list<tcp::socket> sockets_;
};

struct Outcome {
  bool ready = false;
  std::vector<std::string> failures;
};

Outcome probe(asio::io_context& io, const std::string& url) {
  Outcome outcome;
  asio::thread_pool searcher(1);
  const auto ask = [&](OnAnswer on_answer) {
    ProbeQuestion question;
    question.probe = config::parse_probe_address(url).value();
    question.timeout = 2s;
    question.worker.leader = ::getpid();  // this process serves it
    return std::make_unique<AddressProbe>(io, searcher, std::move(question), std::move(on_answer));
  };
  const ReadinessProbe probe(
      io, ask, 1ms, [&] { outcome.ready = true; },
      [&](std::string failure) { outcome.failures.push_back(std::move(failure)); });
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!outcome.ready && outcome.failures.empty() && std::chrono::steady_clock::now() < end)
    io.run_one_for(100ms);
  io.run_for(20ms);  // a few more requests, whose failure is the same
  return outcome;
}

}  // namespace

TEST_CASE("any 2xx is ready, whatever the body is like") {
  asio::io_context io;
  const Server server(
      io, GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                   "HTTP/1.1 204 No Content\r\n\r\n",
                   "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\nnever ends",
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nnever",
                   "HTTP/1.1 200 OK\r\n\r\nuntil the connection closes, which it does not",
                   "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"));
  const Outcome outcome = probe(io, server.url());
  CHECK(outcome.ready);
  CHECK(outcome.failures.empty());
}

TEST_CASE("what came instead of a 2xx is told once") {
  struct Row {
    std::string answer;
    std::string failure;
  };
  const auto row = GENERATE(values<Row>(
      {{"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\n", " answered 503"},
       {"HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n",
        " answered 302 to '/login', and a probe follows no redirect"},
       {"HTTP/1.1 304 Not Modified\r\n\r\n", " answered 304"},
       {"SSH-2.0-OpenSSH_9.2\r\n", ": the response is not valid HTTP"}}));
  asio::io_context io;
  const Server server(io, row.answer);
  const Outcome outcome = probe(io, server.url());
  CHECK_FALSE(outcome.ready);
  REQUIRE(outcome.failures.size() == 1);
  CHECK_THAT(outcome.failures[0], Catch::StartsWith(server.url() + row.failure));
}

TEST_CASE("no answer in time, and nobody who listens, are told apart") {
  asio::io_context io;
  std::string gone;
  { gone = Server(io, "").url(); }
  CHECK_THAT(probe(io, gone).failures.at(0), Catch::Contains("connect: Connection refused"));
  const Server silent(io, "");
  CHECK(probe(io, silent.url()).failures.at(0) == silent.url() + ": no answer within 2s");
}
