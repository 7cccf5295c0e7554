// SPDX-License-Identifier: Apache-2.0
// bench_http_server PORT [PROCESSES]: serves one small JSON document on 127.0.0.1:PORT from that
// many processes with one shared listener, to be measured beside nginx by run.sh.
#include "common/http/server.hpp"

#include "common/net/listen.hpp"

#include <boost/asio/io_context.hpp>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace holdfast;

constexpr const char* kBody =
    R"({"id":1,"title":"A document","status":"ready","chunks":3,"createdAt":"2026-01-01T00:00:00Z"})";

int serve(Fd listener) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  boost::asio::io_context io{1};
  http::ServerLimits limits;
  limits.max_connections_per_client = limits.max_connections;  // wrk is one client
  http::Server server(io, limits,
                      [](const std::shared_ptr<http::Request>&, const http::Responder& respond) {
                        respond(http::Response::json(200, kBody));
                      },
                      {});
  if (const auto listening = server.listen(std::move(listener)); !listening) {
    std::fprintf(stderr, "%s\n", listening.error().message.c_str());
    return 1;
  }
  io.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s PORT [PROCESSES]\n", argv[0]);
    return 2;
  }
  const int processes = argc > 2 ? std::atoi(argv[2]) : 2;
  auto listener = net::open_listener("127.0.0.1:" + std::string(argv[1]));
  if (!listener) {
    std::fprintf(stderr, "%s\n", listener.error().message.c_str());
    return 1;
  }
  // Forked, so that all processes share the listener.
  for (int i = 0; i < processes; ++i) {
    if (::fork() == 0) return serve(std::move(*listener));
  }
  while (::wait(nullptr) > 0) {
  }
  return 0;
}
