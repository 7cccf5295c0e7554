// SPDX-License-Identifier: Apache-2.0
#pragma once

// One host as a Redis sees it: a limiter with its store and its table, on a loop that is run by
// hand.

#include "api-worker/rate_limit/limiter.hpp"
#include "api-worker/rate_limit/redis_store.hpp"
#include "common/metrics/registry.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::test {

// One host: its loop, run by hand, its table, its view of the Redis.
class Host {
 public:
  // Patient, so that a busy machine does not look like a slow Redis.
  explicit Host(const std::string& url, Duration timeout = std::chrono::seconds(5),
                std::vector<std::string> addresses = {"127.0.0.1"}, redis::TlsFiles files = {})
      : log_([this] {
          log::LogOptions options;
          options.write = [this](std::string_view line) { lines_.emplace_back(line); };
          return log::Logger(options);
        }()),
        limiter_(*api::make_limiter(clock_, {}, log_)) {
    api::RedisOptions options;
    options.url = *net::parse_redis_url(url);
    options.timeout = timeout;
    options.resolve =
        [addresses = std::move(addresses), files = std::move(files), tls = options.url.tls](
            const std::string& host, const std::function<void(Result<api::RedisRoute>)>& done) {
          api::RedisRoute route{addresses, {}};
          if (tls) {
            auto context = redis::make_tls_context(files);
            if (!context) return done(Failure(context.error()));
            route.tls = {*context, host};
          }
          done(route);
        };
    redis_ = std::make_unique<api::RedisStore>(io_, clock_, log_, registry_, std::move(options));
    limiter_.use(*redis_);
  }

  // Turns the loop until the condition holds.
  template <class Condition>
  bool turn_until(Condition condition) {
    return wait_until([&] {
      io_.restart();
      io_.poll();
      return condition();
    });
  }
  bool connect() {
    return turn_until([this] { return redis_->up(); });
  }
  bool notice_loss() {
    return turn_until([this] { return !redis_->up(); });
  }

  rate_limit::RateDecision take(const rate_limit::Policy& policy, const std::string& key) {
    return take(rate_limit::Policies{policy}, key).front();
  }
  void ask(const rate_limit::Policy& policy, const std::string& key,
           std::optional<rate_limit::RateDecision>& answer) {
    limiter_.decide({policy}, key, [&](const api::Limiter::Decisions& d) { answer = d.front(); });
  }
  // One request under several policies.
  api::Limiter::Decisions take(const rate_limit::Policies& policies, const std::string& key) {
    api::Limiter::Decisions decisions;
    limiter_.decide(policies, key, [&](const api::Limiter::Decisions& d) { decisions = d; });
    REQUIRE(turn_until([&] { return !decisions.empty(); }));
    return decisions;
  }
  int burst(const rate_limit::Policy& policy, const std::string& key, int tries) {
    int admitted = 0;
    for (int i = 0; i < tries; ++i)
      admitted += take(policy, key).allowed ? 1 : 0;
    return admitted;
  }
  // All at once: one write, one read.
  int concurrent_burst(const rate_limit::Policy& policy, const std::string& key, int tries) {
    int admitted = 0;
    int answered = 0;
    for (int i = 0; i < tries; ++i) {
      limiter_.decide({policy}, key, [&](const api::Limiter::Decisions& decisions) {
        ++answered;
        admitted += decisions.front().allowed ? 1 : 0;
      });
    }
    REQUIRE(turn_until([&] { return answered == tries; }));
    return admitted;
  }

  int lines_with(const std::string& text) const {
    int count = 0;
    for (const std::string& line : lines_)
      count += line.find(text) != std::string::npos ? 1 : 0;
    return count;
  }
  bool any_line_with(const std::string& text) const { return lines_with(text) > 0; }
  std::string fallbacks() {
    std::string text;
    metrics::write_text(registry_, text);
    const auto at = text.find("\nrate_limit_fallback_total ") + 27;
    return text.substr(at, text.find('\n', at) - at);
  }
  bool up() const { return redis_->up(); }

 private:
  SystemClock clock_;
  std::vector<std::string> lines_;
  log::Logger log_;
  prometheus::Registry registry_;
  boost::asio::io_context io_;
  api::Limiter limiter_;
  std::unique_ptr<api::RedisStore> redis_;
};

}  // namespace holdfast::test
