// SPDX-License-Identifier: Apache-2.0
#pragma once

// RedisStore: counts in a Redis, for several hosts (the script is in redis_script.hpp).
//
// - No request ever waits for Redis longer than rate_limit.redis_timeout (50 ms), and the loop
// never.
// - One missed deadline, error or lost connection takes Redis out of service: everything that waits
//   is given back at once, and until Redis is back nobody waits at all.
// - It is back when a new connection has been greeted (AUTH, SELECT, SCRIPT LOAD) and answers
// within
//   the same deadline; that is tried 100 ms after the loss, then at growing distances up to 2 s.
//   The distance starts over only after Redis has served for ten seconds: one that comes and goes
//   is tried rarely.
// - A name with several addresses ("localhost" is ::1 and 127.0.0.1) is tried at each of them
// before
//   it counts as lost.
// - One warning when it goes and one line when it is back, however often it is tried in between.
// - rate_limit_fallback_total counts every decision that was taken without it; rate_limit_redis_up
//   says how many workers have it.
//
// Threads: the loop's, but for the resolver's.

#include "common/base/clock.hpp"
#include "common/log/logger.hpp"
#include "common/net/redis_url.hpp"
#include "common/rate_limit/decision.hpp"
#include "common/redis/connection.hpp"

#include <boost/asio/steady_timer.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::api {

// Turns a host's name into its addresses, at least one, on a thread of its own choice; calls back
// on any.
using Addresses = Result<std::vector<std::string>>;
using Resolve = std::function<void(std::string host, std::function<void(Addresses)>)>;

struct RedisOptions {
  net::RedisUrl url;
  Duration timeout = std::chrono::milliseconds(50);
  std::string prefix = "holdfast:";
  Resolve resolve;
};

class RedisStore {
 public:
  // Nothing: Redis has no answer, decide without it.
  using Done = std::function<void(std::optional<rate_limit::Decision>)>;

  RedisStore(boost::asio::io_context& io, const Clock& clock, const log::Logger& log,
             prometheus::Registry& registry, RedisOptions options);
  ~RedisStore();
  RedisStore(const RedisStore&) = delete;

  bool up() const { return state_ == State::Up; }
  // `done` is called once, on the loop, before the timeout is over.
  void decide(const rate_limit::Policy& policy, const std::string& key, Done done);
  void count_fallback();
  // Gives everything back and connects no more.
  void stop();

 private:
  enum class State { Down, Connecting, Up, Stopped };
  struct Pending {
    MonoTime deadline;
    std::vector<std::string> arguments;  // without the command and its script
    Done done;
  };
  using PendingPtr = std::shared_ptr<Pending>;

  void connect();
  void connect_to_next();
  void connect_to(const redis::Endpoint& endpoint);
  void greet();
  void greeted(const redis::Reply& reply);
  void ask(const PendingPtr& pending, bool with_source);
  void answer(const PendingPtr& pending, const redis::Reply& reply);
  void watch();
  void lose(const std::string& why);
  void retry();

  boost::asio::io_context& io_;
  const Clock& clock_;
  const log::Logger& log_;
  prometheus::Counter& fallbacks_;
  prometheus::Gauge& up_;
  RedisOptions options_;

  State state_ = State::Down;
  std::unique_ptr<redis::Connection> connection_;
  std::vector<std::string> untried_;  // addresses of the host, the next one last
  std::string script_sha_;
  std::deque<PendingPtr> pending_;      // in the order of their deadlines
  boost::asio::steady_timer deadline_;  // of the oldest, or of the connection being made
  boost::asio::steady_timer retry_;
  Duration pause_{};
  MonoTime up_since_{};
  bool complained_ = false;
  std::uint64_t fallbacks_since_loss_ = 0;
  std::shared_ptr<RedisStore*> self_;  // null inside once destroyed: for callbacks from elsewhere
};

}  // namespace holdfast::api
