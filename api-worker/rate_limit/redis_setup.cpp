// SPDX-License-Identifier: Apache-2.0
#include "api-worker/rate_limit/redis_setup.hpp"

#include "common/http/resolve.hpp"

namespace holdfast::api {

std::unique_ptr<RedisStore> make_redis_store(worker::Context& context, Offload& offload) {
  const config::RateLimit& config = context.config().rate_limit;
  const auto url = net::parse_redis_url(config.redis_url);
  if (!config.enabled || !url) return nullptr;
  RedisOptions options;
  options.url = *url;
  options.timeout = config.redis_timeout;
  options.prefix = config.redis_prefix;
  options.resolve = [&offload, &clock = context.clock()](
                        const std::string& host, const std::function<void(Addresses)>& done) {
    const bool taken = offload.run(Work::Scan, [host, done, &clock] {
      done(http::resolve(host, clock.mono() + std::chrono::seconds(1)));
    });
    if (!taken) done(fail(ErrorKind::Unavailable, "no thread was free to resolve the host name"));
  };
  return std::make_unique<RedisStore>(context.io(), context.clock(), context.log(),
                                      context.registry(), std::move(options));
}

}  // namespace holdfast::api
