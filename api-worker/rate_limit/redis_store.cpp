// SPDX-License-Identifier: Apache-2.0
#include "api-worker/rate_limit/redis_store.hpp"

#include "api-worker/rate_limit/redis_script.hpp"
#include "common/metrics/instruments.hpp"
#include "common/rate_limit/window.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace holdfast::api {

using namespace std::chrono_literals;

namespace {

constexpr Duration kFirstPause = 100ms;
constexpr Duration kLongestPause = 2s;
constexpr Duration kSteady = 10s;
constexpr Duration kBetweenWarnings = 1min;
constexpr Duration kConnectTimeout = 1s;  // no request waits for it

std::int64_t to_ms(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

// A connection that has served for this long may be closed by its idle Redis without a word.
constexpr Duration kNotAtOnce = 1s;

// What stands between (a load balancer, NAT, a firewall) forgets connections that are idle, mostly
// without a word: the next decision would wait in vain. So they never are.
constexpr Duration kLongestIdle = 2s;
// Nobody waits for that answer: a pause of Redis is not worth a new connection.
constexpr Duration kLookPatience = 1s;

// Count something that nobody is limited by; the second as a request does on a route with a limit
// of its own. A Redis that wants a password says so to a command of at most ten words: the first.
rate_limit::Policies probe_policies(std::size_t number) {
  rate_limit::Policies policies{{"probe", rate_limit::kMaxLimit, 1s}};
  if (number > 0) policies.push_back({"probe-route", rate_limit::kMaxLimit, 1s});
  return policies;
}
// Slots 14 and 16379 of 16384: of several nodes, each of which has a range, none has both.
constexpr std::array kProbes = {"probe-140", "probe-110"};

rate_limit::Policies without_counting(rate_limit::Policies policies) {
  for (rate_limit::Policy& policy : policies)
    policy.limit = 0;
  return policies;
}

// Redis's name for a script. Empty if there is no SHA-1, which Redis takes for an unknown script.
std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha1(), nullptr) != 1) {
    return {};
  }
  return fmt::format("{:02x}", fmt::join(digest.data(), digest.data() + size, ""));
}

// The number if it lies in [0, max].
std::optional<std::int64_t> to_number(const redis::Reply& reply, std::int64_t max) {
  if (reply.type != redis::Reply::Type::Integer) return {};
  if (reply.integer < 0 || reply.integer > max) return {};
  return reply.integer;
}

// What a Redis says ends up in response headers, so only what can be true is taken.
std::optional<RedisStore::Decisions> to_decisions(const redis::Reply& reply,
                                                  const rate_limit::Policies& policies) {
  if (reply.type != redis::Reply::Type::Array || reply.items.size() != 3 * policies.size()) {
    return {};
  }
  RedisStore::Decisions decisions;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const auto allowed = to_number(reply.items[3 * i], 1);
    const auto remaining = to_number(reply.items[3 * i + 1], policies[i].limit);
    // A full window lasts one part longer than its length.
    const auto relief = to_number(reply.items[3 * i + 2], 2 * to_ms(policies[i].window));
    if (!allowed || !remaining || !relief) return {};
    decisions.push_back({*allowed == 1, static_cast<std::uint32_t>(*remaining),
                         std::chrono::milliseconds(*relief)});
  }
  return decisions;
}

// What a node of a cluster says of keys that are not its own, or not now.
bool is_of_a_cluster(const redis::Reply& reply) {
  constexpr std::array kAnswers = {"MOVED ", "ASK ", "TRYAGAIN", "CLUSTERDOWN"};
  return std::any_of(kAnswers.begin(), kAnswers.end(),
                     [&](const char* answer) { return reply.is_error(answer); });
}

std::string refusal_of(const redis::Reply& reply) {
  if (reply.type != redis::Reply::Type::Error) return "unexpected reply to the rate-limit script";
  if (!is_of_a_cluster(reply)) return reply.text;
  return reply.text +
         ": this node of a Redis Cluster does not count every client, and Holdfast asks no other; "
         "name a Redis without a cluster, or a proxy for this one (Envoy, Predixy)";
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
      script_sha_(sha1_hex(kRateLimitScript)),
      deadline_(io),
      retry_(io),
      look_(io),
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
  look_.cancel();
  client_.reset();
  for (const PendingPtr& pending : std::exchange(pending_, {}))
    pending->done({});
}

// Whatever comes and goes: a loss that lasts is told of by one of the attempts that follow.
bool RedisStore::may_warn(std::optional<MonoTime>& last) const {
  const MonoTime now = clock_.mono();
  if (last && now - *last < kBetweenWarnings) return false;
  last = now;
  return true;
}

void RedisStore::count_fallback() {
  fallbacks_.Increment();
  ++fallbacks_since_loss_;
}

void RedisStore::connect() {
  state_ = State::Connecting;
  const net::RedisUrl& url = options_.url;
  if (!url.path.empty()) return connect_to({url.path, "", 0});
  options_.resolve(url.host, [io = &io_, self = self_](Result<RedisRoute> route) {
    boost::asio::post(*io, [self, route = std::move(route)] {
      RedisStore* const store = *self;
      if (store == nullptr || store->state_ != State::Connecting) return;
      if (!route) return store->lose(route.error().message);
      store->untried_.assign(route->addresses.rbegin(), route->addresses.rend());
      store->tls_ = route->tls;
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
  client_->open(endpoint, tls_, [this] { set_up(); });
  deadline_.expires_after(kConnectTimeout);
  deadline_.async_wait([this, self = self_](const boost::system::error_code& error) {
    if (error || *self == nullptr || state_ != State::Connecting) return;
    lose(tls_.context ? "the connection attempt timed out; does this port speak TLS?"
                      : "the connection attempt timed out");
  });
}

void RedisStore::set_up() {
  const net::RedisUrl& url = options_.url;
  const auto send = [this](const std::vector<std::string>& command) {
    client_->send(command, [this](const redis::Reply& reply) {
      if (reply.type == redis::Reply::Type::Error) lose(reply.text);
    });
  };
  if (!url.password.empty() && url.user.empty()) send({"AUTH", url.password});
  if (!url.password.empty() && !url.user.empty()) send({"AUTH", url.user, url.password});
  if (url.database != 0) send({"SELECT", std::to_string(url.database)});
  prove([this] { set_up_done(); });
  deadline_.expires_after(options_.timeout);
  deadline_.async_wait([this, self = self_](const boost::system::error_code& error) {
    if (!error && *self != nullptr && state_ == State::Connecting)
      lose("the connection setup timed out");
  });
}

void RedisStore::prove(const std::function<void()>& proven) {
  std::vector<Question> questions;
  for (std::size_t i = 0; i < kProbes.size(); ++i)
    questions.push_back({probe_policies(i), kProbes[i]});
  if (refused_) questions.push_back(*refused_);
  unproven_ = questions.size();
  for (const Question& question : questions) {
    ask(question, [this, proven, policies = question.policies](const redis::Reply& reply) {
      if (!to_decisions(reply, policies)) return lose(refusal_of(reply));
      if (--unproven_ == 0) proven();
    });
  }
}

void RedisStore::set_up_done() {
  deadline_.cancel();
  state_ = State::Up;
  up_.Set(1);
  up_since_ = clock_.mono();
  untried_.clear();
  refused_.reset();
  if (std::exchange(warned_, false)) {
    log_.info("Redis is back: all hosts share the rate limit again",
              {{"redis", options_.url.describe()}, {"decided_locally", fallbacks_since_loss_}});
  }
  fallbacks_since_loss_ = 0;
  heard_at_ = up_since_;
  look_later();
}

void RedisStore::look_later() {
  look_.expires_at(heard_at_ + kLongestIdle);
  look_.async_wait([this, self = self_](const boost::system::error_code& error) {
    if (error || *self == nullptr || state_ != State::Up) return;
    if (clock_.mono() - heard_at_ < kLongestIdle) return look_later();
    look();
  });
}

// Asks a question that changes nothing. No answer: the connection is made anew without a word,
// unless a request waits too, which has a deadline of its own.
void RedisStore::look() {
  const Question question{without_counting(probe_policies(0)), kProbes[0]};
  const MonoTime asked_at = clock_.mono();
  ask(question, [this, policies = question.policies](const redis::Reply& reply) {
    if (!to_decisions(reply, policies)) return lose(refusal_of(reply));
    heard_at_ = clock_.mono();
    look_later();
  });
  look_.expires_after(std::max<Duration>(kLookPatience, options_.timeout));
  look_.async_wait([this, asked_at, self = self_](const boost::system::error_code& error) {
    if (error || *self == nullptr || state_ != State::Up) return;
    if (heard_at_ < asked_at && pending_.empty()) lose("no answer from an idle connection");
  });
}

// The client comes first: a policy may be named after a route, "GET /api/documents/{id}", and the
// first braces are the tag.
std::vector<std::string> RedisStore::command_of(const Question& question) const {
  std::vector<std::string> words{"EVALSHA", script_sha_, std::to_string(question.policies.size())};
  for (const rate_limit::Policy& policy : question.policies) {
    words.push_back(fmt::format("{}rate-limit:{{{}}}:{}:{}", options_.prefix, question.key,
                                policy.name, to_ms(policy.window)));
  }
  for (const rate_limit::Policy& policy : question.policies) {
    words.push_back(std::to_string(policy.limit));
    words.push_back(std::to_string(to_ms(rate_limit::part_length(policy.window))));
    words.push_back(std::to_string(rate_limit::kParts));
  }
  return words;
}

void RedisStore::decide(const rate_limit::Policies& policies, const std::string& key, Done done) {
  const auto pending = std::make_shared<Pending>();
  pending->deadline = clock_.mono() + options_.timeout;
  pending->question = {policies, key};
  pending->done = std::move(done);
  pending_.push_back(pending);
  ask(pending->question, [this, pending](const redis::Reply& reply) { answer(pending, reply); });
  if (pending_.size() == 1) watch();
}

// A Redis that does not know the script (a new one, after SCRIPT FLUSH, another node behind a
// proxy) gets it with EVAL, and knows it from then on.
void RedisStore::ask(const Question& question, redis::RedisClient::OnReply on_reply) {
  std::vector<std::string> command = command_of(question);
  client_->send(command,
                [this, command, on_reply = std::move(on_reply)](redis::Reply reply) mutable {
                  if (!reply.is_error("NOSCRIPT")) return on_reply(std::move(reply));
                  command[0] = "EVAL";
                  command[1] = kRateLimitScript;
                  client_->send(command, std::move(on_reply));
                });
}

// Redis has refused a decision. One doubt at a time: what else it refuses meanwhile has the same
// reason, or is asked about next.
void RedisStore::doubt(const Question& refused, const std::string& why) {
  if (unproven_ > 0) return;
  refused_ = Question{without_counting(refused.policies), refused.key};
  prove([this, why] {
    refused_.reset();
    if (!may_warn(warned_of_key_at_)) return;
    log_.warn("Redis cannot count a key: this host decides on its own about that client",
              {{"redis", options_.url.describe()}, {"reason", why}});
  });
}

void RedisStore::answer(const PendingPtr& pending, const redis::Reply& reply) {
  heard_at_ = clock_.mono();
  const auto decisions = to_decisions(reply, pending->question.policies);
  if (!decisions && reply.type != redis::Reply::Type::Error) return lose(refusal_of(reply));
  if (!decisions) doubt(pending->question, reply.text);
  const auto found = std::find(pending_.begin(), pending_.end(), pending);
  const bool was_oldest = found == pending_.begin();
  pending_.erase(found);
  pending->done(decisions);
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
  const Duration served = state_ == State::Up ? clock_.mono() - up_since_ : Duration::zero();
  if (served > kSteady) pause_ = {};
  if (served > kNotAtOnce && pending_.empty()) {
    client_.reset();
    return connect();
  }
  state_ = State::Down;
  up_.Set(0);
  deadline_.cancel();
  client_.reset();
  if (!warned_ && may_warn(warned_of_loss_at_)) {
    warned_ = true;
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
