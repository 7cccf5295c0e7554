// SPDX-License-Identifier: Apache-2.0
// The limiter against a real Redis: the same windows as the local one, and every way in which a
// Redis can be missing.
#include "api-worker/rate_limit/redis_store.hpp"

#include "tests/integration/edge/redis_host.hpp"
#include "tests/integration/edge/redis_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <optional>
#include <vector>

using namespace holdfast;
using namespace holdfast::api;
using namespace std::chrono_literals;
using holdfast::test::Host;
using holdfast::test::RedisServer;
using holdfast::test::wait_until;
using rate_limit::Policy;
using rate_limit::RateDecision;

namespace {

// Passes each proof as Redis does, and answers each decision with `lie`.
class LyingRedis {
 public:
  LyingRedis(const std::string& path, std::string lie)
      : lie_(std::move(lie)), acceptor_(io_, {path}), peer_(io_) {
    acceptor_.async_accept(peer_, [this](const boost::system::error_code& error) {
      if (!error) answer();
    });
  }
  void turn() {
    io_.restart();
    io_.poll();
  }

 private:
  void answer() {
    peer_.async_read_some(
        boost::asio::buffer(bytes_), [this](const boost::system::error_code& error, std::size_t n) {
          if (error) return;
          const std::string_view sent(bytes_.data(), n);
          reply_.clear();
          for (auto at = sent.find(kCommand); at != sent.npos;) {
            const auto next = sent.find(kCommand, at + 1);
            reply_ += reply_to(sent.substr(at, next - at));
            at = next;
          }
          boost::asio::async_write(peer_, boost::asio::buffer(reply_),
                                   [this](const boost::system::error_code& failed, std::size_t) {
                                     if (!failed) answer();
                                   });
        });
  }

  static constexpr std::string_view kCommand = "EVALSHA\r\n";

  std::string reply_to(std::string_view command) const {
    if (command.find("{probe-140}") != command.npos) return "*3\r\n:1\r\n:9\r\n:1000\r\n";
    if (command.find("{probe-110}") != command.npos)
      return "*6\r\n:1\r\n:9\r\n:1000\r\n:1\r\n:9\r\n:1000\r\n";
    // Without counting: the limit is 0.
    if (command.find("\r\n$1\r\n0\r\n") != command.npos) return "*3\r\n:0\r\n:0\r\n:0\r\n";
    return lie_;
  }

  boost::asio::io_context io_;
  std::string lie_;
  std::string reply_;
  std::array<char, 16384> bytes_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  boost::asio::local::stream_protocol::socket peer_;
};

const Policy kFive{"default", 5, 1min};
constexpr const char* kGone = "Redis is unavailable";
constexpr const char* kBack = "Redis is back";

}  // namespace

TEST_CASE("two hosts share one count, and clients and policies are counted apart") {
  const RedisServer server;
  Host one(server.url());
  Host two(server.url());
  REQUIRE(one.connect());
  REQUIRE(two.connect());
  CHECK(one.take(kFive, "a").remaining == 4);
  CHECK(two.take(kFive, "a").remaining == 3);
  CHECK(one.burst(kFive, "a", 10) + two.burst(kFive, "a", 10) == 3);
  const RateDecision refused = two.take(kFive, "a");
  CHECK_FALSE(refused.allowed);
  CHECK(refused.remaining == 0);
  CHECK(refused.relief > 50s);
  CHECK(refused.relief <= 65s);
  CHECK(one.take(kFive, "b").allowed);
  CHECK(one.take({"other", 5, 1min}, "a").allowed);
  CHECK(one.fallbacks() == "0");
}

TEST_CASE("concurrent requests are admitted up to the limit, not one more or less") {
  const RedisServer server;
  Host host(server.url());
  REQUIRE(host.connect());
  CHECK(host.concurrent_burst({"default", 100, 1min}, "a", 500) == 100);
}

TEST_CASE(
    "the window slides by the server's clock, and the reset time is when there is room again") {
  const RedisServer server;
  Host host(server.url());
  REQUIRE(host.connect());
  const Policy policy{"default", 3, 1s};
  REQUIRE(host.burst(policy, "a", 5) == 3);
  const auto from = std::chrono::steady_clock::now();
  const RateDecision refused = host.take(policy, "a");
  REQUIRE_FALSE(refused.allowed);
  REQUIRE(refused.relief <= 1100ms);
  REQUIRE(host.turn_until([&] { return host.take(policy, "a").allowed; }));
  // Not before the window was over; whole milliseconds, and the clocks are not the same.
  CHECK(std::chrono::steady_clock::now() - from > refused.relief - 5ms);
}

TEST_CASE("a key leaves nothing behind once its window is over") {
  const RedisServer server;
  Host host(server.url());
  REQUIRE(host.connect());
  REQUIRE(host.take({"default", 3, 1s}, "192.0.2.1").allowed);
  CHECK(server.command({"KEYS", "*default*"}) == "holdfast:rate-limit:{192.0.2.1}:default:1000");
  CHECK(wait_until([&] { return server.command({"DBSIZE"}) == "0"; }));
}

TEST_CASE("a paused Redis costs one deadline; then the host decides alone, and later Redis again") {
  RedisServer server;
  Host host(server.url(), 300ms);
  REQUIRE(host.connect());
  CHECK(host.burst(kFive, "a", 5) == 5);
  server.pause();
  // All that wait are given back together, to the local table, which has counted nothing yet.
  CHECK(host.concurrent_burst(kFive, "a", 20) == 5);
  CHECK_FALSE(host.up());
  CHECK(host.burst(kFive, "a", 10) == 0);
  CHECK(host.fallbacks() == "30");
  CHECK(host.lines_with(kGone) == 1);
  CHECK(host.any_line_with("no answer within 300 ms"));
  server.resume();
  REQUIRE(host.connect());
  CHECK(host.lines_with(kBack) == 1);
  CHECK_FALSE(host.take(kFive, "a").allowed);  // Redis has kept its count
}

TEST_CASE("a killed Redis is noticed by its closed connection, and used again when it is back") {
  RedisServer server;
  Host host(server.url());
  REQUIRE(host.connect());
  server.kill();
  REQUIRE(host.notice_loss());
  CHECK(host.burst(kFive, "a", 10) == 5);
  CHECK(host.fallbacks() == "10");
  server.start();
  REQUIRE(host.connect());
  CHECK(host.burst(kFive, "a", 10) == 5);  // a new Redis has counted nothing
  CHECK(host.lines_with(kGone) == 1);
  CHECK(host.lines_with(kBack) == 1);
}

TEST_CASE("a Redis that is missing at the start is reported once and used when it appears") {
  RedisServer server;
  server.kill();
  Host host(server.url());
  REQUIRE(host.turn_until([&] { return host.any_line_with(kGone); }));
  CHECK(host.burst(kFive, "a", 10) == 5);
  server.start();
  REQUIRE(host.connect());
  CHECK(host.lines_with(kGone) == 1);
}

TEST_CASE("a host name's next address is used when nothing listens at the first") {
  const RedisServer server;
  const int port = server.listen_on_loopback();
  // As "localhost" is ::1 and 127.0.0.1 on most hosts, and Redis often has the second only.
  Host host(fmt::format("redis://localhost:{}", port), 5s, {"127.0.0.2", "127.0.0.1"});
  REQUIRE(host.connect());
  CHECK(host.lines_with(kGone) == 0);
  CHECK(host.burst(kFive, "a", 10) == 5);
  CHECK(host.fallbacks() == "0");
}

TEST_CASE(
    "a wrong password is reported in Redis's words, without the password, until it is corrected") {
  RedisServer server("right");
  std::string url = server.url();
  url.replace(url.find("right"), 5, "wr0ng-pw");
  Host wrong(url);
  REQUIRE(wrong.turn_until([&] { return wrong.any_line_with("WRONGPASS"); }));
  CHECK_FALSE(wrong.any_line_with("wr0ng-pw"));
  CHECK(wrong.burst(kFive, "a", 10) == 5);

  Host none("unix://" + server.url().substr(server.url().find('@') + 1));
  REQUIRE(none.turn_until([&] { return none.any_line_with("NOAUTH"); }));

  server.command({"CONFIG", "SET", "requirepass", "wr0ng-pw"});
  REQUIRE(wrong.connect());
  Host right(url);
  REQUIRE(right.connect());
}

TEST_CASE("after SCRIPT FLUSH the script is loaded again, and no request notices") {
  const RedisServer server;
  Host host(server.url());
  REQUIRE(host.connect());
  CHECK(host.burst(kFive, "a", 2) == 2);
  REQUIRE(server.command({"SCRIPT", "FLUSH"}) == "OK");
  CHECK(host.concurrent_burst(kFive, "a", 10) == 3);
  CHECK(host.fallbacks() == "0");
  CHECK(host.lines_with(kGone) == 0);
}

TEST_CASE("a request counts under all of its policies or, if one refuses it, under none") {
  const RedisServer server;
  const bool remote = GENERATE(true, false);
  INFO((remote ? "in Redis" : "on this host"));
  // Where nobody listens, so that it does not get a connection while the test runs.
  Host host(remote ? server.url() : "redis://127.0.0.1:1");
  if (remote) REQUIRE(host.connect());
  const rate_limit::Policies policies{{"default", 5, 1min}, {"route", 2, 1min}};
  CHECK(host.take(policies, "a")[1].remaining == 1);
  CHECK(host.take(policies, "a")[0].remaining == 3);
  for (int i = 0; i < 20; ++i) {
    const auto refused = host.take(policies, "a");
    CHECK(refused[0].allowed);
    CHECK(refused[0].remaining == 3);
    CHECK_FALSE(refused[1].allowed);
    CHECK(refused[1].relief > 50s);
  }
  CHECK(host.burst(kFive, "a", 10) == 3);
  // Nor does the general policy's refusal count under the route's.
  const rate_limit::Policies other{kFive, {"other", 2, 1min}};
  CHECK_FALSE(host.take(other, "a")[0].allowed);
  CHECK(host.take(other, "a")[1].remaining == 2);
}

TEST_CASE("a Redis that cannot count is out of service once, with its reason, until it can") {
  const RedisServer server;
  Host host(server.url());
  std::vector<std::string> sick;
  std::vector<std::string> cured;
  std::string reason;
  SECTION("a replica") {
    sick = {"REPLICAOF", "127.0.0.1", "1"};
    cured = {"REPLICAOF", "NO", "ONE"};
    reason = "READONLY";
  }
  SECTION("full") {
    sick = {"CONFIG", "SET", "maxmemory", "1"};
    cured = {"CONFIG", "SET", "maxmemory", "0"};
    reason = "OOM";
  }
  const bool from_the_start = GENERATE(true, false);
  if (from_the_start) {
    REQUIRE(server.command(sick) == "OK");
  } else {
    REQUIRE(host.connect());
    REQUIRE(host.take(kFive, "a").allowed);
    REQUIRE(server.command(sick) == "OK");
    CHECK(host.take(kFive, "a").allowed);  // this host's answer
    REQUIRE(host.notice_loss());
  }
  REQUIRE(host.turn_until([&] { return host.any_line_with(reason); }));
  // Several attempts, none of which is taken for a recovery.
  const auto attempts = [&] {
    const std::string text = server.command({"INFO", "errorstats"});
    const std::string name = "errorstat_" + reason + ":count=";
    const auto at = text.find(name);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
  };
  const int before = attempts();
  REQUIRE(host.turn_until([&] { return attempts() >= before + 8; }));
  CHECK_FALSE(host.up());
  CHECK(host.lines_with(kGone) == 1);
  CHECK(host.lines_with(kBack) == 0);
  REQUIRE(server.command(cured) == "OK");
  REQUIRE(host.connect());
  CHECK(host.lines_with(kBack) == 1);
  CHECK(host.take(kFive, "b").remaining == 4);
}

TEST_CASE("a Redis that closes idle connections is asked again without a word") {
  const RedisServer server;
  Host host(server.url());
  REQUIRE(server.command({"CONFIG", "SET", "timeout", "1"}) == "OK");
  REQUIRE(host.connect());
  CHECK(host.take(kFive, "a").remaining == 4);
  REQUIRE(host.notice_loss());
  REQUIRE(host.connect());
  CHECK(host.take(kFive, "a").remaining == 3);
  CHECK(host.lines_with("Redis") == 0);
  CHECK(host.fallbacks() == "0");
}

TEST_CASE("a connection to Redis is never idle for long, and looking after it changes nothing") {
  const RedisServer server;
  Host host(server.url());
  REQUIRE(host.connect());
  CHECK(host.take(kFive, "a").remaining == 4);
  const auto evaluated = [&server] {
    const std::string text = server.command({"INFO", "commandstats"});
    const std::string name = "cmdstat_evalsha:calls=";
    const auto at = text.find(name);
    return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
  };
  const auto written = [&server] {
    const std::string text = server.command({"INFO", "commandstats"});
    const std::string name = "cmdstat_hincrby:calls=";
    const auto at = text.find(name);
    return at == std::string::npos ? "" : text.substr(at, text.find(',', at) - at);
  };
  const int before = evaluated();
  const std::string writes = written();
  REQUIRE(host.turn_until([&] { return evaluated() >= before + 2; }));
  CHECK(written() == writes);
  CHECK(host.take(kFive, "a").remaining == 3);
  CHECK(host.fallbacks() == "0");
  CHECK(host.lines_with("Redis") == 0);
}

TEST_CASE("a Redis that is lost while nobody asks is told of before somebody does") {
  const RedisServer server;
  Host host(server.url());
  REQUIRE(host.connect());
  REQUIRE(server.command({"ACL", "SETUSER", "default", "-evalsha"}) == "OK");
  REQUIRE(host.turn_until([&] { return host.any_line_with(kGone); }));
  CHECK(host.fallbacks() == "0");
}

TEST_CASE("a key that somebody else wrote is replaced") {
  const RedisServer server;
  Host host(server.url());
  REQUIRE(host.connect());
  server.command({"SET", "holdfast:rate-limit:{a}:default:60000", "not a hash"});
  CHECK(host.take(kFive, "a").remaining == 4);
  CHECK(host.take(kFive, "a").remaining == 3);
  CHECK(host.fallbacks() == "0");
}

TEST_CASE("a hash with a field or a count that is none of ours is replaced, and nobody notices") {
  const RedisServer server;
  Host host(server.url());
  REQUIRE(host.connect());
  const std::string key = "holdfast:rate-limit:{a}:default:60000";
  const std::string part = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(
                                              std::chrono::system_clock::now().time_since_epoch())
                                              .count() /
                                          5);
  using Fields = std::vector<std::string>;
  for (const Fields& fields :
       {Fields{part, "1.5"}, Fields{part, "x"}, Fields{part, "-1"}, Fields{part, "1e1"},
        Fields{part, "007"}, Fields{part, ""}, Fields{part, "9223372036854775807"},
        Fields{"x", "1"}, Fields{part + ".5", "1"}, Fields{"99999999999", "1"}}) {
    INFO(fields[0] << " = '" << fields[1] << "'");
    server.command({"DEL", key});
    server.command({"HSET", key, fields[0], fields[1]});
    CHECK(host.take(kFive, "a").remaining == 4);
    CHECK(host.take(kFive, "a").remaining == 3);
  }
  Fields many{"HSET", key};
  for (int i = 0; i < 10'000; ++i) {
    many.push_back(std::to_string(i));
    many.emplace_back("1");
  }
  server.command(many);
  CHECK(host.take(kFive, "a").remaining == 4);
  CHECK(host.up());
  CHECK(host.fallbacks() == "0");
  CHECK(host.lines_with("Redis") == 0);
}

TEST_CASE("an error about one client's keys is that client's fallback and no loss of Redis") {
  const std::string error = GENERATE(
      "-ERR hash value is not an integer script: a, on @user_script:33.\r\n",
      "-ERR Error running script (call to f_a): @user_script:33: ERR value is out of range\r\n",
      "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  const holdfast::test::TempDir dir;
  const std::string path = (dir / "redis.sock").native();
  LyingRedis liar(path, error);
  Host host("unix://" + path, 500ms);
  const auto turn_until = [&](auto condition) {
    return host.turn_until([&] {
      liar.turn();
      return condition();
    });
  };
  REQUIRE(turn_until([&] { return host.up(); }));
  for (int i = 0; i < 3; ++i) {
    std::optional<RateDecision> taken;
    host.ask(kFive, "a", taken);
    REQUIRE(turn_until([&] { return taken.has_value(); }));
    CHECK(taken->remaining == static_cast<std::uint32_t>(4 - i));  // this host's answer
    CHECK(host.up());
  }
  CHECK(host.fallbacks() == "3");
  CHECK(host.lines_with(kGone) == 0);
  CHECK(host.lines_with("Redis cannot count a key") == 1);
}

TEST_CASE("a Redis that comes and goes is told of once in a while") {
  RedisServer server;
  Host host(server.url());
  for (int i = 0; i < 3; ++i) {
    REQUIRE(host.connect());
    server.kill();
    REQUIRE(host.notice_loss());
    REQUIRE(host.turn_until([&] { return host.any_line_with(kGone); }));
    server.start();
  }
  REQUIRE(host.connect());
  CHECK(host.lines_with(kGone) == 1);
  CHECK(host.lines_with(kBack) == 1);
}

TEST_CASE("a Redis that lies is out of service, and what it said reaches nobody") {
  const char* const decision = GENERATE(
      "*3\r\n:1\r\n:4294967299\r\n:60000\r\n", "*3\r\n:1\r\n:6\r\n:60000\r\n",
      "*3\r\n:1\r\n:-1\r\n:60000\r\n", "*3\r\n:1\r\n:4\r\n:9223372036854775807\r\n",
      "*3\r\n:1\r\n:4\r\n:-60000\r\n", "*3\r\n:2\r\n:4\r\n:60000\r\n",
      "*3\r\n:1\r\n:4\r\n+60000\r\n", "*2\r\n:1\r\n:4\r\n", "*1000000000\r\n", "$2000000000\r\nx");
  INFO(decision);
  const holdfast::test::TempDir dir;
  const std::string path = (dir / "liar.sock").native();
  LyingRedis liar(path, decision);
  Host host("unix://" + path, 500ms);
  REQUIRE(host.turn_until([&] {
    liar.turn();
    return host.up();
  }));
  std::optional<RateDecision> taken;
  host.ask(kFive, "a", taken);
  REQUIRE(host.turn_until([&] {
    liar.turn();
    return taken.has_value();
  }));
  CHECK_FALSE(host.up());
  CHECK(taken->allowed);
  CHECK(taken->remaining == 4);  // this host's answer
  CHECK(taken->relief <= 65s);
  CHECK(host.any_line_with(kGone));
}

TEST_CASE("something that is not Redis is out of service, with a reason") {
  const holdfast::test::TempDir dir;
  boost::asio::io_context io;
  boost::asio::local::stream_protocol::acceptor acceptor(io, {(dir / "x.sock").native()});
  boost::asio::local::stream_protocol::socket peer(io);
  acceptor.async_accept(peer, [&](const boost::system::error_code&) {
    boost::asio::async_write(peer, boost::asio::buffer("HTTP/1.1 400 Bad Request\r\n\r\n", 28),
                             [](const boost::system::error_code&, std::size_t) {});
  });
  Host host("unix://" + (dir / "x.sock").native());
  REQUIRE(host.turn_until([&] {
    io.poll();
    return host.any_line_with("Redis protocol");
  }));
  CHECK(host.burst(kFive, "a", 10) == 5);
}
