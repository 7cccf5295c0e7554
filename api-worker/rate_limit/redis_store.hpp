// SPDX-License-Identifier: Apache-2.0
#pragma once

// RedisStore: a rate limit shared by several hosts, counted in Redis (redis_script.hpp).
//
// - No request waits for Redis longer than rate_limit.redis_timeout (50 ms); the event loop never
//   waits.
// - A missed deadline, a lost connection or a reply that cannot be true (more left than the
//   limit, a wait longer than a window) takes Redis out of service. Pending decisions are returned
//   without an answer at once, and no request waits until Redis is back.
// - A decision that Redis refuses is returned without an answer. The proof below then tells, on
//   the same connection, whether that is Redis, which is out of service, or this decision only.
// - Redis is back once a new connection has completed AUTH, SELECT and the proof within the same
//   deadline. It proves that every client is counted: two probes are counted, far apart in
//   the slots of a cluster and one of them under two policies, and the last decision that was
//   refused is asked for again without being counted. A replica, a full Redis and one of several
//   nodes of a cluster accept all but the probes; a Redis that refuses some keys may accept these
//   as well, and would be back at once and lost again.
// - The first attempt follows 100 ms after the loss, later ones back off up to 2 s. The back-off
//   is reset only after ten seconds of service, so a flapping Redis is tried rarely.
// - All addresses of a name are tried ("localhost" is ::1 and 127.0.0.1) before it is lost.
// - A connection that Redis closes while nothing is asked (its `timeout`, a restart) is made anew
//   at once, and is worth no line unless that fails.
// - The keys of one decision have its client as their hash tag: a cluster has them in one slot, and
//   a proxy for a cluster asks one node. Only commands that such proxies know are sent.
// - One warning is logged when Redis is lost and one line when it is back, however many attempts
//   fail in between; at most one a minute of each kind of warning.
// - rate_limit_fallback_total counts the decisions taken without Redis; rate_limit_redis_up says
//   how many workers are connected.
//
// Threads: the event loop's, except for the resolver's own.

#include "common/base/clock.hpp"
#include "common/log/logger.hpp"
#include "common/net/redis_url.hpp"
#include "common/rate_limit/decision.hpp"
#include "common/redis/client.hpp"

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

// What a connection attempt needs: at least one address and, for rediss://, the certificates. Found
// anew for each attempt, as both may change.
struct RedisRoute {
  std::vector<std::string> addresses;
  redis::Tls tls;
};
// Finds the route to a host, on a thread of its choice; may call back on any.
using Resolve = std::function<void(std::string host, std::function<void(Result<RedisRoute>)>)>;

struct RedisOptions {
  net::RedisUrl url;
  Duration timeout = std::chrono::milliseconds(50);
  std::string prefix = "holdfast:";
  Resolve resolve;
};

class RedisStore {
 public:
  // One for each policy. Empty: Redis did not answer, decide without it.
  using Decisions = std::vector<rate_limit::RateDecision>;
  using Done = std::function<void(std::optional<Decisions>)>;

  RedisStore(boost::asio::io_context& io, const Clock& clock, const log::Logger& log,
             prometheus::Registry& registry, RedisOptions options);
  ~RedisStore();
  RedisStore(const RedisStore&) = delete;

  bool up() const { return state_ == State::Up; }
  // Only while up(). `done` is called once, on the event loop, before the timeout expires.
  void decide(const rate_limit::Policies& policies, const std::string& key, Done done);
  void count_fallback();
  // Returns pending decisions without an answer and does not reconnect.
  void stop();

 private:
  enum class State { Down, Connecting, Up, Stopped };
  struct Question {
    rate_limit::Policies policies;
    std::string key;
  };
  struct Pending {
    MonoTime deadline;
    Question question;
    Done done;
  };
  using PendingPtr = std::shared_ptr<Pending>;

  void connect();
  void connect_to_next();
  void connect_to(const redis::Endpoint& endpoint);
  void set_up();
  void prove(const std::function<void()>& proven);
  void set_up_done();
  std::vector<std::string> command_of(const Question& question) const;
  void ask(const Question& question, redis::RedisClient::OnReply on_reply);
  void doubt(const Question& refused, const std::string& why);
  void answer(const PendingPtr& pending, const redis::Reply& reply);
  void watch();
  void look_later();
  void look();
  bool may_warn(std::optional<MonoTime>& last) const;
  void lose(const std::string& why);
  void retry();

  boost::asio::io_context& io_;
  const Clock& clock_;
  const log::Logger& log_;
  prometheus::Counter& fallbacks_;
  prometheus::Gauge& up_;
  RedisOptions options_;

  State state_ = State::Down;
  std::unique_ptr<redis::RedisClient> client_;
  std::vector<std::string> untried_;  // addresses of the host, the next one last
  redis::Tls tls_;
  std::string script_sha_;
  std::optional<Question> refused_;     // the last one, without counting
  std::size_t unproven_ = 0;            // questions of the proof without an answer
  std::deque<PendingPtr> pending_;      // in the order of their deadlines
  boost::asio::steady_timer deadline_;  // of the oldest, or of the connection attempt
  boost::asio::steady_timer retry_;
  boost::asio::steady_timer look_;  // while up: for the next look, or for its answer
  MonoTime heard_at_{};             // the last answer
  Duration pause_{};
  MonoTime up_since_{};
  bool warned_ = false;
  std::optional<MonoTime> warned_of_loss_at_;
  std::optional<MonoTime> warned_of_key_at_;
  std::uint64_t fallbacks_since_loss_ = 0;
  std::shared_ptr<RedisStore*> self_;  // points to null once destroyed; for callbacks
};

}  // namespace holdfast::api
