// SPDX-License-Identifier: Apache-2.0
#include "api-worker/rate_limit/redis_store.hpp"

#include "api-worker/rate_limit/redis_script.hpp"
#include "common/metrics/instruments.hpp"
#include "common/rate_limit/window.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace holdfast::api {

using namespace std::chrono_literals;

namespace {

constexpr Duration kFirstPause = 100ms;
constexpr Duration kLongestPause = 2s;
constexpr Duration kSteady = 10s;
constexpr Duration kConnectTimeout = 1s;  // no request waits for it

std::int64_t to_ms(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

std::optional<rate_limit::RateDecision> to_decision(const redis::Reply& reply) {
  if (reply.type != redis::Reply::Type::Array || reply.items.size() != 3) return {};
  for (const redis::Reply& item : reply.items) {
    if (item.type != redis::Reply::Type::Integer) return {};
  }
  rate_limit::RateDecision decision;
  decision.allowed = reply.items[0].integer == 1;
  decision.remaining =
      static_cast<std::uint32_t>(std::max<std::int64_t>(reply.items[1].integer, 0));
  decision.relief = std::chrono::milliseconds(std::max<std::int64_t>(reply.items[2].integer, 0));
  return decision;
}

}  // namespace

RedisStore::RedisStore(boost::asio::io_context& io, const Clock& clock, const log::Logger& log,
                       prometheus::Registry& registry, RedisOptions options)
    : io_(io),
      clock_(clock),
      log_(log),
      fallbacks_(metrics::Counters(registry, "rate_limit_fallback_total").only()),
      up_(metrics::Gauges(registry, "rate_limit_redis_up").only()),
      options_(std::move(options)),
      deadline_(io),
      retry_(io),
      self_(std::make_shared<RedisStore*>(this)) {
  connect();
}

RedisStore::~RedisStore() {
  stop();
  *self_ = nullptr;
}

void RedisStore::stop() {
  state_ = State::Stopped;
  deadline_.cancel();
  retry_.cancel();
  client_.reset();
  for (const PendingPtr& pending : std::exchange(pending_, {}))
    pending->done({});
}

void RedisStore::count_fallback() {
  fallbacks_.Increment();
  ++fallbacks_since_loss_;
}

void RedisStore::connect() {
  state_ = State::Connecting;
  const net::RedisUrl& url = options_.url;
  if (!url.path.empty()) return connect_to({url.path, "", 0});
  options_.resolve(url.host, [io = &io_, self = self_](Addresses addresses) {
    boost::asio::post(*io, [self, addresses = std::move(addresses)] {
      RedisStore* const store = *self;
      if (store == nullptr || store->state_ != State::Connecting) return;
      if (!addresses) return store->lose(addresses.error().message);
      store->untried_.assign(addresses->rbegin(), addresses->rend());
      store->connect_to_next();
    });
  });
}

void RedisStore::connect_to_next() {
  const std::string address = std::move(untried_.back());
  untried_.pop_back();
  connect_to({"", address, options_.url.port});
}

void RedisStore::connect_to(const redis::Endpoint& endpoint) {
  client_ = std::make_unique<redis::RedisClient>(
      io_, [this](const Error& error) { lose(error.message); });
  client_->open(endpoint, [this] { set_up(); });
  deadline_.expires_after(kConnectTimeout);
  deadline_.async_wait([this, self = self_](const boost::system::error_code& error) {
    if (!error && *self != nullptr && state_ == State::Connecting)
      lose("the connection attempt timed out");
  });
}

void RedisStore::set_up() {
  const net::RedisUrl& url = options_.url;
  const auto send = [this](const std::vector<std::string>& command, bool last) {
    client_->send(command, [this, last](const redis::Reply& reply) {
      if (reply.type == redis::Reply::Type::Error) return lose(reply.text);
      if (last) set_up_done(reply);
    });
  };
  if (!url.password.empty() && url.user.empty()) send({"AUTH", url.password}, false);
  if (!url.password.empty() && !url.user.empty()) send({"AUTH", url.user, url.password}, false);
  if (url.database != 0) send({"SELECT", std::to_string(url.database)}, false);
  send({"SCRIPT", "LOAD", kRateLimitScript}, true);
  deadline_.expires_after(options_.timeout);
  deadline_.async_wait([this, self = self_](const boost::system::error_code& error) {
    if (!error && *self != nullptr && state_ == State::Connecting)
      lose("the connection setup timed out");
  });
}

void RedisStore::set_up_done(const redis::Reply& reply) {
  deadline_.cancel();
  script_sha_ = reply.text;
  state_ = State::Up;
  up_.Set(1);
  up_since_ = clock_.mono();
  untried_.clear();
  if (std::exchange(warned_, false)) {
    log_.info("Redis is back: all hosts share the rate limit again",
              {{"redis", options_.url.describe()}, {"decided_locally", fallbacks_since_loss_}});
  }
  fallbacks_since_loss_ = 0;
}

void RedisStore::decide(const rate_limit::Policy& policy, const std::string& key, Done done) {
  const auto pending = std::make_shared<Pending>();
  pending->deadline = clock_.mono() + options_.timeout;
  pending->arguments = {
      "1",
      fmt::format("{}rate-limit:{}:{}:{}", options_.prefix, policy.name, to_ms(policy.window), key),
      std::to_string(policy.limit),
      std::to_string(to_ms(policy.window)),
      std::to_string(to_ms(rate_limit::part_length(policy.window))),
      std::to_string(rate_limit::kParts)};
  pending->done = std::move(done);
  pending_.push_back(pending);
  ask(pending, false);
  if (pending_.size() == 1) watch();
}

void RedisStore::ask(const PendingPtr& pending, bool with_source) {
  std::vector<std::string> command{with_source ? "EVAL" : "EVALSHA",
                                   with_source ? kRateLimitScript : script_sha_};
  command.insert(command.end(), pending->arguments.begin(), pending->arguments.end());
  client_->send(command, [this, pending, with_source](const redis::Reply& reply) {
    // After SCRIPT FLUSH or on another server the script is unknown. EVAL loads it again.
    if (!with_source && reply.is_error("NOSCRIPT")) return ask(pending, true);
    answer(pending, reply);
  });
}

void RedisStore::answer(const PendingPtr& pending, const redis::Reply& reply) {
  const auto decision = to_decision(reply);
  if (!decision) {
    return lose(reply.type == redis::Reply::Type::Error
                    ? reply.text
                    : "unexpected reply to the rate-limit script");
  }
  const auto found = std::find(pending_.begin(), pending_.end(), pending);
  const bool was_oldest = found == pending_.begin();
  pending_.erase(found);
  pending->done(decision);
  if (was_oldest && state_ == State::Up) watch();
}

// The timer is set for the oldest decision only: all have the same timeout.
void RedisStore::watch() {
  if (pending_.empty()) {
    deadline_.cancel();
    return;
  }
  deadline_.expires_at(pending_.front()->deadline);
  deadline_.async_wait([this, self = self_](const boost::system::error_code& error) {
    if (error || *self == nullptr || state_ != State::Up || pending_.empty()) return;
    // The oldest has been answered meanwhile; another timer is set for the next one.
    if (pending_.front()->deadline > clock_.mono()) return;
    lose(fmt::format("no answer within {} ms", to_ms(options_.timeout)));
  });
}

void RedisStore::lose(const std::string& why) {
  if (state_ == State::Stopped) return;
  if (state_ == State::Connecting && !untried_.empty()) return connect_to_next();
  if (state_ == State::Up && clock_.mono() - up_since_ > kSteady) pause_ = {};
  state_ = State::Down;
  up_.Set(0);
  deadline_.cancel();
  client_.reset();
  if (!std::exchange(warned_, true)) {
    fallbacks_since_loss_ = 0;
    log_.warn("Redis is unavailable: each host applies the rate limit on its own until it is back",
              {{"redis", options_.url.describe()}, {"reason", why}});
  }
  for (const PendingPtr& pending : std::exchange(pending_, {}))
    pending->done({});
  retry();
}

void RedisStore::retry() {
  pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  retry_.expires_after(pause_);
  retry_.async_wait([this, self = self_](const boost::system::error_code& error) {
    if (!error && *self != nullptr && state_ == State::Down) connect();
  });
}

}  // namespace holdfast::api
