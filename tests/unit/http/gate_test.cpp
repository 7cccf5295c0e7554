// SPDX-License-Identifier: Apache-2.0
// The gate: what is decided about a request with a body before the body is read.
#include "common/http/body_budget.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/http/harness.hpp"

#include <atomic>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;
using Verdict = BodyBudget::Verdict;

namespace {

std::string post(std::size_t length, std::string_view extra_fields = "") {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + std::string(extra_fields) +
         "Content-Length: " + std::to_string(length) + "\r\n\r\n";
}

constexpr const char* kExpect = "Expect: 100-continue\r\n";

Gate rejecting(int status) {
  return [status](const std::shared_ptr<Request>&, const Admission& admission) {
    admission.reject(Response::text(status, "no"));
  };
}

// The client is whom X-Client names.
void admit_by_name(const std::shared_ptr<Request>& request, const Admission& admission) {
  const std::string* name = request->headers.find("X-Client");
  admission.accept(name == nullptr ? "" : *name);
}

// Whether the server has room for a body of this size.
bool fits(TestServer& server, std::size_t bytes) {
  RawClient client(server.port);
  return client.ask(post(bytes, "X-Client: probe\r\n") + std::string(bytes, 'p')).status == 200;
}

}  // namespace

TEST_CASE("A body that nobody wants is neither asked for nor waited for") {
  std::atomic<int> handled{0};
  TestServer server(
      [&](const std::shared_ptr<Request>&, const Responder& respond) {
        ++handled;
        respond({});
      },
      {}, {}, make_listener(), rejecting(401));
  for (const char* fields : {"", kExpect}) {
    RawClient client(server.port);
    const RawAnswer answer = client.ask(post(1000, fields));
    CHECK(answer.status == 401);  // and not 100
    CHECK(answer.field("Connection") == "close");
    CHECK(client.closed_by_peer());
  }
  CHECK(handled == 0);
  RawClient plain(server.port);
  CHECK(plain.ask(get("/")).status == 200);  // the gate is for bodies
}

TEST_CASE("A body that came along with its head does not cost the connection") {
  TestServer server(echo_handler(), {}, {}, make_listener(), rejecting(429));
  RawClient client(server.port);
  CHECK(client.ask(post(5) + "hello").status == 429);
  CHECK(client
            .ask("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "2\r\nhi\r\n0\r\n\r\n")
            .status == 429);
  CHECK(client.ask(get("/next")).body == "GET /next ");
  CHECK(server.stats().connections_total == 1);
}

TEST_CASE("A client that sends an unwanted body all the same reads why it was refused") {
  TestServer server(echo_handler(), {}, {}, make_listener(), rejecting(403));
  RawClient client(server.port);
  REQUIRE(client.send(post(1'000'000)));
  REQUIRE(client.send(std::string(1'000'000, 'x')));
  CHECK(client.read_answer().status == 403);
}

TEST_CASE("A gate may take its time, on any thread; then the body is asked for and handled") {
  std::promise<Admission> asked;
  TestServer server(echo_handler(), {}, {}, make_listener(),
                    [&](const std::shared_ptr<Request>& request, Admission admission) {
                      CHECK(request->body.empty());
                      asked.set_value(std::move(admission));
                    });
  RawClient client(server.port);
  client.send(post(4, kExpect));
  const Admission admission = asked.get_future().get();
  CHECK_FALSE(client.readable(20));
  admission.accept("");
  admission.reject(Response::text(500, "too late"));
  CHECK(client.read_answer().status == 100);
  CHECK(client.ask("body").body == "POST /x body");
}

TEST_CASE("A gate that fails is answered for") {
  ServerLimits limits;
  limits.handler_timeout = std::chrono::milliseconds(100);
  SECTION("it throws") {
    TestServer server(echo_handler(), limits, {}, make_listener(),
                      [](const auto&, const auto&) { throw std::runtime_error("gate"); });
    CHECK(RawClient(server.port).ask(post(4)).status == 500);
  }
  SECTION("it forgets") {
    TestServer server(echo_handler(), limits, {}, make_listener(), [](const auto&, const auto&) {});
    CHECK(RawClient(server.port).ask(post(4)).status == 500);
  }
  SECTION("it takes too long") {
    std::vector<Admission> held;
    TestServer server(echo_handler(), limits, {}, make_listener(),
                      [&](const auto&, const Admission& admission) { held.push_back(admission); });
    CHECK(RawClient(server.port).ask(post(4)).status == 503);
    server.loop.run([&] { held.at(0).accept(""); });
  }
}

TEST_CASE("An admitted request whose body does not come is reported once") {
  std::vector<int> refusals;
  ServerLimits limits;
  limits.body_timeout = std::chrono::seconds(1);
  TestServer server(
      echo_handler(), limits,
      [&](const Request& request, const Refusal& refusal) {
        refusals.push_back(request.path == "/x" ? refusal.status : 0);
        return Response::text(refusal.status, "");
      },
      make_listener(), admit_by_name);
  RawClient client(server.port);
  client.send(post(4));
  SECTION("the client goes away") {
    server.wait_for_connections(1);
    client.finish_sending();
    server.wait_for_connections(0);
    CHECK(server.loop.run([&] { return refusals; }) == std::vector{400});
  }
  SECTION("it falls silent") {
    CHECK(client.read_answer().status == 408);
    client.close();
    server.wait_for_connections(0);
    CHECK(server.loop.run([&] { return refusals; }) == std::vector{408});
  }
  SECTION("the server is destroyed") {
    server.loop.run([] {});
    while (server.stats().requests_in_flight == 0)
      std::this_thread::yield();
    server.destroy();
    CHECK(server.loop.run([&] { return refusals; }) == std::vector{400});
  }
}

TEST_CASE("One client's bodies leave room for everybody else's") {
  ServerLimits limits;
  limits.body_memory = 1000;
  TestServer server(echo_handler(), limits, {}, make_listener(), admit_by_name);
  RawClient slow(server.port);
  slow.send(post(500, "X-Client: greedy\r\n") + std::string(400, 'x'));
  RawAnswer second;
  REQUIRE(holdfast::test::wait_until([&] {
    RawClient again(server.port);
    second = again.ask(post(400, "X-Client: greedy\r\n") + std::string(400, 'x'));
    return second.status == 503;
  }));
  CHECK(second.body.find("of yours") != std::string::npos);
  CHECK_FALSE(second.field("Retry-After").empty());
  CHECK(RawClient(server.port)
            .ask(post(400, "X-Client: modest\r\n") + std::string(400, 'y'))
            .status == 200);
}

TEST_CASE("A body counts until nobody needs its request, even if its client is long answered") {
  ServerLimits limits;
  limits.body_memory = 1000;
  std::shared_ptr<Request> kept;
  TestServer server(
      [&](const std::shared_ptr<Request>& request, const Responder& respond) {
        if (request->headers.find("X-Keep") != nullptr) kept = request;
        respond(Response::text(200, ""));
      },
      limits, {}, make_listener(), admit_by_name);
  RawClient client(server.port);
  CHECK(client.ask(post(600, "X-Keep: 1\r\n") + std::string(600, 'k')).status == 200);
  CHECK_FALSE(fits(server, 600));
  CHECK(fits(server, 400));
  auto last = server.loop.run([&] { return std::move(kept); });
  last.reset();  // on this thread: a store's, say
  CHECK(fits(server, 600));
}

TEST_CASE("A client may hold as many bytes as are left free, and a single body whatever fits") {
  const auto budget = std::make_shared<BodyBudget>(1000);
  BodyShare first(budget);
  first.belongs_to("a");
  CHECK(first.set(900) == Verdict::Fits);
  CHECK(first.set(1001) == Verdict::Full);
  CHECK(budget->used() == 900);
  CHECK(first.set(300) == Verdict::Fits);
  BodyShare second(budget);
  second.belongs_to("a");
  CHECK(second.set(200) == Verdict::Fits);  // 500 held, 500 free
  CHECK(second.set(201) == Verdict::ClientHoldsTooMuch);
  BodyShare other(budget);
  other.belongs_to("b");
  CHECK(other.set(500) == Verdict::Fits);
  CHECK(second.set(300) == Verdict::Full);
  CHECK(second.set(100) == Verdict::Fits);  // less is always possible
  {
    BodyShare third(budget);
    third.belongs_to("b");
    CHECK(third.set(1) == Verdict::ClientHoldsTooMuch);
  }
  CHECK(first.set(0) == Verdict::Fits);
  CHECK(second.set(0) == Verdict::Fits);
  CHECK(other.set(0) == Verdict::Fits);
  CHECK(budget->used() == 0);
}
