// SPDX-License-Identifier: Apache-2.0
#include "api-worker/rate_limit/redis_setup.hpp"

#include "common/http/resolve.hpp"

namespace holdfast::api {

namespace {

Result<RedisRoute> find_route(const std::string& host, const net::RedisUrl& url,
                              const redis::TlsFiles& files, const Clock& clock) {
  RedisRoute route;
  if (url.tls) {
    HOLDFAST_TRY_ASSIGN(route.tls.context, redis::make_tls_context(files));
    route.tls.host = host;
  }
  HOLDFAST_TRY_ASSIGN(route.addresses, http::resolve(host, clock.mono() + std::chrono::seconds(1)));
  return route;
}

}  // namespace

std::unique_ptr<RedisStore> make_redis_store(worker::Context& context, Offload& offload) {
  const config::RateLimit& config = context.config().rate_limit;
  const auto url = net::parse_redis_url(config.redis_url);
  if (!config.enabled || !url) return nullptr;
  RedisOptions options;
  options.url = *url;
  options.timeout = config.redis_timeout;
  options.prefix = config.redis_prefix;
  const redis::TlsFiles files{config.redis_ca_file, config.redis_cert_file, config.redis_key_file};
  options.resolve = [&offload, &clock = context.clock(), url = *url, files](
                        const std::string& host,
                        const std::function<void(Result<RedisRoute>)>& done) {
    const bool taken = offload.run(Work::Scan, [host, done, &clock, url, files] {
      done(find_route(host, url, files, clock));
    });
    if (!taken) done(fail(ErrorKind::Unavailable, "no thread was free to resolve the host name"));
  };
  return std::make_unique<RedisStore>(context.io(), context.clock(), context.log(),
                                      context.registry(), std::move(options));
}

}  // namespace holdfast::api
