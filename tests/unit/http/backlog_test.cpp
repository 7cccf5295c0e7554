// SPDX-License-Identifier: Apache-2.0
// A Unix socket with a full backlog refuses a connection that does not block with EAGAIN, where TCP
// lets it wait: unix(7).
#include "common/http/client.hpp"
#include "common/net/listen.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/http/harness.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <vector>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

using Waiter = Result<Response> (*)(const std::string& url, const FetchOptions& options);

Result<Response> waits_in_fetch(const std::string& url, const FetchOptions& options) {
  return fetch("GET", url, {}, "", options);
}

Result<Response> waits_in_async_get(const std::string& url, const FetchOptions& options) {
  Loop loop;
  std::promise<Result<Response>> promise;
  async_get(loop.io, url, {}, options,
            [&](Result<Response> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

// Connections to `path`, one after another, until one more would have to wait.
std::vector<Fd> fill_backlog(const std::string& path) {
  std::vector<Fd> waiting;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  for (;;) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      break;
    waiting.push_back(std::move(fd));
  }
  REQUIRE(errno == EAGAIN);
  return waiting;
}

}  // namespace

TEST_CASE("a client waits for room in the backlog of a Unix socket until its deadline") {
  const Waiter client = GENERATE(waits_in_fetch, waits_in_async_get);
  const TempDir dir;
  const std::string path = dir / "s";
  auto listener = net::listen_unix_socket(path, 0600, 1);
  REQUIRE(listener);
  std::vector<Fd> waiting = fill_backlog(path);

  FetchOptions options;
  options.deadline = std::chrono::milliseconds(100);
  const auto too_late = client("unix:" + path + ":/", options);
  REQUIRE_FALSE(too_late);
  CHECK(too_late.error().kind == ErrorKind::DeadlineExceeded);

  options.deadline = std::chrono::milliseconds(kPatienceMs);
  auto answer = std::async(std::launch::async, client, "unix:" + path + ":/", options);
  CHECK(answer.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  waiting.clear();
  const TestServer server(echo_handler(), {}, {}, std::move(*listener));
  const auto answered = answer.get();
  REQUIRE(answered);
  CHECK(answered->status == 200);
}
