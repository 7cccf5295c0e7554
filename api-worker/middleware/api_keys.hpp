// SPDX-License-Identifier: Apache-2.0
#pragma once

// API keys: authentication. `holdfast api-key` creates and revokes them; see common/auth/token.hpp
// for their form and key_scope.hpp for what they allow.
//
// - A key is sent as "Authorization: Bearer hf_…" or "X-API-Key: hf_…". Two of them are 400;
//   one that is sent twice is one. Beside a key, credentials that do not begin with hf_ are
//   ignored.
// - Where one is of use (key_use), a key that is sent must be valid, whether or not
//   auth.required is on: 401, with the same response whether it is unknown, malformed, revoked or
//   expired. The access log knows.
// - Where none is, keys are not looked at: a probe gets the same answer with any, or with the token
//   of a gateway, and needs no store for it. For /ready?verbose whatever is not a valid key, or
//   cannot be checked, is as none.
// - A key that is used in the last auth.expiry_warning before it expires is logged, once a day.
// - Without a key: 401 under /api if auth.required is on.
// - Invalid keys are counted by address, by this host alone. From a client over rate_limit.max no
//   key is looked up, wherever it is sent: 429, or for /ready?verbose as if there were none.
// - Each request reads the key's record by its id, so a revocation takes effect with the next
//   request, in every worker. The digests are compared in constant time.
// - While the store cannot be asked, or is silent for a second, /metrics, /internal/* and
//   /ready?verbose take the word that it gave this worker in the last minutes (known_keys.hpp).
//   /api waits for it, and says what is wrong.
// - Last-used times are collected and written once per auth.last_used_interval (key_uses.hpp).

#include "api-worker/edge/offload.hpp"
#include "api-worker/edge/problem.hpp"
#include "api-worker/middleware/key_uses.hpp"
#include "api-worker/middleware/known_keys.hpp"
#include "api-worker/middleware/middleware.hpp"
#include "api-worker/rate_limit/limiter.hpp"
#include "common/auth/token.hpp"
#include "common/config/config.hpp"
#include "common/store/store.hpp"

#include <boost/asio/io_context.hpp>

#include <mutex>
#include <string>
#include <unordered_map>

namespace holdfast::api {

// What a key can do for a request.
enum class KeyUse {
  None,     // everybody gets the same answer, also of what there is not: /live, /nothing
  Details,  // everybody gets an answer, and an admin more of it: /ready?verbose
  Access,   // /api, /metrics, /internal/*
};
KeyUse key_use(const Context& context);

// Whether a request presents a key at all: a Bearer credential or X-API-Key.
bool presents_api_key(const http::Headers& headers);

class ApiKeys final : public Middleware {
 public:
  struct Parts {
    boost::asio::io_context& io;
    const Clock& clock;
    store::ApiKeyStore& store;
    Offload& offload;
    Limiter& limiter;
    KeyUses& uses;
    const log::Logger& log;
  };
  // The parts outlive this.
  ApiKeys(const config::Config& config, Parts parts);
  std::optional<http::Response> on_request(Context& context) override;

 private:
  void look_up(const ContextPtr& context, const auth::Token& token, const Resume& resume);
  std::optional<http::Response> judge(Context& context, const auth::Token& token,
                                      Result<store::ApiKey> key);
  std::optional<http::Response> judge_without_store(Context& context, const auth::Token& token,
                                                    ProblemDetails problem);
  std::optional<http::Response> refuse(Context& context, KeyRefusal why);
  // Whether the client has sent so many invalid keys that its next one is not looked up. The quota
  // says why; RateLimit writes its headers.
  std::optional<Quota> exhausted_quota(const Context& context) const;
  void warn_of_expiry(const store::ApiKey& key);
  std::string successor_of(const store::ApiKey& key) const;

  Parts parts_;
  KnownKeys known_;
  std::int64_t expiry_warning_ms_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::int64_t> warned_at_;  // by key; guarded by mutex_
  bool required_;
  bool limits_guesses_;
  unsigned ipv6_prefix_;
  rate_limit::Policy bad_keys_;
};

}  // namespace holdfast::api
