// SPDX-License-Identifier: Apache-2.0
// A URL with several servers, some of which say nothing.

#include "common/os/fd.hpp"
#include "common/store/postgres/connection.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <fstream>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::postgres;
using namespace holdfast::store::test;
using Catch::Contains;
using std::chrono::steady_clock;

namespace {

enum class Silence {
  OfTheNetwork,  // no connection comes about
  OfTheServer,   // there is one, and the startup packet gets no answer
};

class SilentServer {
 public:
  explicit SilentServer(Silence silence) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener_.get(), any, size) == 0);
    REQUIRE(::listen(listener_.get(), silence == Silence::OfTheNetwork ? 0 : 100) == 0);
    REQUIRE(::getsockname(listener_.get(), any, &size) == 0);
    port_ = std::to_string(ntohs(address.sin_port));
    if (silence == Silence::OfTheServer) return;
    // With nobody who accepts, the one place that there is stays taken.
    for (Fd& one : waiting_) {
      one = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)::connect(one.get(), any, size);
    }
  }
  const std::string& port() const { return port_; }

 private:
  Fd listener_;
  std::array<Fd, 3> waiting_;
  std::string port_;
};

std::string url_of(const std::vector<std::string>& ports, const std::string& database,
                   const std::string& more = "") {
  std::string hosts;
  for (const std::string& port : ports)
    hosts += (hosts.empty() ? "127.0.0.1:" : ",127.0.0.1:") + port;
  return fmt::format("postgresql://holdfast@{}/{}?sslmode=disable&gssencmode=disable{}", hosts,
                     database, more);
}

Endpoint endpoint_of(const std::string& url, Duration connect_timeout = 2s) {
  auto made = make_endpoint(url, 10s, connect_timeout);
  if (!made) FAIL(made.error().message);
  return *made;
}

void must_open(const Endpoint& endpoint) {
  const Cutoff cutoff;
  const auto opened = PgConnection::open(endpoint, cutoff);
  if (!opened) FAIL(opened.error().message);
  REQUIRE((*opened)->exchange(Statement("SELECT 1")));
}

// The ports in the order in which they would be tried now.
std::vector<std::string> order_of(const Endpoint& endpoint, Duration later = 0s) {
  std::vector<std::string> ports;
  for (const Attempt& attempt :
       endpoint.servers->attempts(endpoint.url, steady_clock::now() + later))
    ports.push_back(attempt.server.port);
  return ports;
}

using Ports = std::vector<std::string>;

}  // namespace

TEST_CASE("a silent server among several is passed over, wherever it stands") {
  const PostgresEnvironment environment;
  const std::string good = shared_server().port();
  const auto silence = GENERATE(Silence::OfTheNetwork, Silence::OfTheServer);
  const SilentServer silent(silence);
  SECTION("first") {
    const Endpoint endpoint = endpoint_of(url_of({silent.port(), good}, environment.database()));
    REQUIRE(order_of(endpoint) == Ports{silent.port(), good});
    must_open(endpoint);
    CHECK(order_of(endpoint) == Ports{good, silent.port()});
    must_open(endpoint);
  }
  SECTION("in the middle") {
    const Endpoint endpoint = endpoint_of(url_of({"1", silent.port(), good}, environment.database(),
                                                 "&target_session_attrs=primary"));
    must_open(endpoint);
    CHECK(order_of(endpoint) == Ports{good, "1", silent.port()});
    must_open(endpoint);
  }
  SECTION("last") {
    const Endpoint endpoint = endpoint_of(url_of({good, silent.port()}, environment.database()));
    must_open(endpoint);
    CHECK(order_of(endpoint) == Ports{good, silent.port()});
  }
  SECTION("alone, or with others of its kind: each is named") {
    const SilentServer other(silence);
    const Endpoint endpoint =
        endpoint_of(url_of({silent.port(), other.port()}, environment.database(),
                           "&target_session_attrs=prefer-standby"),
                    200ms);
    const Cutoff cutoff;
    const auto opened = PgConnection::open(endpoint, cutoff);
    REQUIRE(opened.error().kind == ErrorKind::Unavailable);
    const std::string& message = opened.error().message;
    CHECK_THAT(message, Contains("port " + silent.port()) && Contains("port " + other.port()));
    CHECK_THAT(message, Contains("store.connect_timeout"));
    // The second round for a server of any kind asks neither again.
    const std::string named = "port " + silent.port();
    CHECK(message.find(named) == message.rfind(named));
  }
}

TEST_CASE("a server's silence is remembered for a minute, and the last connection for ever") {
  const Endpoint endpoint = endpoint_of(url_of({"1", "2", "3"}, "db"));
  Servers& servers = *endpoint.servers;
  const auto now = steady_clock::now();
  servers.note_silence({"127.0.0.1", "127.0.0.1", "1"}, now);
  CHECK(order_of(endpoint) == Ports{"2", "3", "1"});
  servers.note_connected({"127.0.0.1", "127.0.0.1", "3"});
  CHECK(order_of(endpoint) == Ports{"3", "2", "1"});
  CHECK(order_of(endpoint, 61s) == Ports{"3", "1", "2"});
  servers.note_silence({"127.0.0.1", "127.0.0.1", "3"}, now);
  CHECK(order_of(endpoint) == Ports{"2", "3", "1"});
}

TEST_CASE("target_session_attrs is judged at each of several servers") {
  const PostgresEnvironment environment;
  const std::string good = shared_server().port();
  const SilentServer silent(Silence::OfTheServer);
  const auto at = [&](const std::string& kind) {
    return endpoint_of(
        url_of({silent.port(), good}, environment.database(), "&target_session_attrs=" + kind),
        500ms);
  };
  for (const char* const kind : {"any", "read-write", "primary", "prefer-standby"}) {
    CAPTURE(kind);
    const Endpoint endpoint = at(kind);
    const Cutoff cutoff;
    bool opened = false;
    // A busy machine may need more than half a second for the one that is alive, too.
    for (int i = 0; i < 20 && !opened; ++i)
      opened = PgConnection::open(endpoint, cutoff).has_value();
    CHECK(opened);
  }
  const Cutoff cutoff;
  for (const char* const kind : {"standby", "read-only"}) {
    CAPTURE(kind);
    CHECK_FALSE(PgConnection::open(at(kind), cutoff));
  }
  const Endpoint two_rounds = at("prefer-standby");
  const auto attempts = two_rounds.servers->attempts(two_rounds.url, steady_clock::now());
  REQUIRE(attempts.size() == 4);
  CHECK(attempts[1].session == std::string("standby"));
  CHECK(attempts[2].session == std::string("any"));
}

TEST_CASE("the servers of a service file, of the environment and of a name are told apart") {
  const PostgresEnvironment environment;
  const std::string good = shared_server().port();
  const SilentServer silent(Silence::OfTheServer);
  SECTION("a service file") {
    const holdfast::test::TempDir folder;
    const std::string file = (folder.path() / "services").string();
    std::ofstream(file) << "[two]\nhost=127.0.0.1,127.0.0.1\nport=" << silent.port() << ',' << good
                        << "\nuser=holdfast\nsslmode=disable\ngssencmode=disable\n";
    ::setenv("PGSERVICEFILE", file.c_str(), 1);
    const Endpoint endpoint =
        endpoint_of("postgresql:///" + environment.database() + "?service=two");
    CHECK(order_of(endpoint) == Ports{silent.port(), good});
    must_open(endpoint);
    ::unsetenv("PGSERVICEFILE");
  }
  SECTION("the environment") {
    ::setenv("PGHOST", "127.0.0.1,127.0.0.1", 1);
    ::setenv("PGPORT", (silent.port() + "," + good).c_str(), 1);
    const Endpoint endpoint = endpoint_of("postgresql://holdfast@/" + environment.database() +
                                          "?sslmode=disable&gssencmode=disable");
    CHECK(order_of(endpoint) == Ports{silent.port(), good});
    must_open(endpoint);
    ::unsetenv("PGHOST");
    ::unsetenv("PGPORT");
  }
  SECTION("a name: each of its addresses") {
    const Endpoint endpoint = endpoint_of("postgresql://holdfast@localhost:1/db");
    for (const Attempt& attempt : endpoint.servers->attempts(endpoint.url, steady_clock::now())) {
      CHECK(attempt.server.host == "localhost");
      CHECK_FALSE(attempt.server.address.empty());
    }
  }
  SECTION("a name without an address does not keep the next from being tried") {
    const Endpoint endpoint = endpoint_of(
        fmt::format("postgresql://holdfast@name.invalid:1,127.0.0.1:{}/{}?sslmode=disable", good,
                    environment.database()));
    must_open(endpoint);
  }
}

TEST_CASE("what is no list of servers is left to libpq") {
  const auto count_of = [](const std::string& url) {
    const Endpoint endpoint = endpoint_of(url);
    const auto attempts = endpoint.servers->attempts(url, steady_clock::now());
    REQUIRE(attempts.size() == 1);
    CHECK(attempts.front().server == Server{});
    return attempts.front().servers;
  };
  CHECK(count_of("postgresql:///db") == 1);
  CHECK(count_of("host=,127.0.0.1 port=1,2 dbname=db") == 2);
  CHECK(count_of("host=127.0.0.1,127.0.0.1 port=1,2,3 dbname=db") == 2);
  CHECK(count_of("host=/run,127.0.0.1 hostaddr=,127.0.0.1 port=1,2 dbname=db") == 2);
  const Endpoint sockets = endpoint_of("host=/run,@name port=1 dbname=db");
  CHECK(order_of(sockets) == Ports{"1", "1"});
}
