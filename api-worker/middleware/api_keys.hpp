// SPDX-License-Identifier: Apache-2.0
#pragma once

// API keys: who asks. Made and revoked with `holdfast api-key`; common/auth/token.hpp says how they
// look, key_scope.hpp what they open.
//
// - A key comes as "Authorization: Bearer hf_…" or "X-API-Key: hf_…". Both, or one twice, is 400.
// - A key that is given must be good, whether auth.required is on or not: 401 for one that is
//   unknown, malformed or revoked, all with the same answer.
// - Without a key: 401 under /api if auth.required is on. Everything else is open as before.
// - Each request reads the key's record by its id, so a revocation counts from the next request on,
//   in every worker. The digests are compared in constant time.
// - Last-used times are collected and written once per auth.last_used_interval (key_uses.hpp).

#include "api-worker/edge/offload.hpp"
#include "api-worker/middleware/key_uses.hpp"
#include "api-worker/middleware/middleware.hpp"
#include "api-worker/rate_limit/limiter.hpp"
#include "common/config/config.hpp"
#include "common/store/store.hpp"

namespace holdfast::api {

// Whether a request names a key at all: a Bearer credential or X-API-Key.
bool shows_api_key(const http::Headers& headers);

class ApiKeys final : public Middleware {
 public:
  struct Parts {
    store::ApiKeyStore& store;
    Offload& offload;
    Limiter& limiter;
    KeyUses& uses;
  };
  // The parts outlive this.
  ApiKeys(const config::Config& config, Parts parts);
  std::optional<http::Response> on_request(Context& context) override;

 private:
  void look_up(const ContextPtr& context, const std::string& id, const std::string& digest,
               const Resume& resume);
  std::optional<http::Response> judge(Context& context, const std::string& digest,
                                      Result<store::ApiKey> key);
  http::Response refuse(const Context& context);

  Parts parts_;
  bool required_;
  unsigned ipv6_prefix_;
  rate_limit::Policy bad_keys_;
};

}  // namespace holdfast::api
