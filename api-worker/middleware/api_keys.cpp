// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/api_keys.hpp"

#include "api-worker/edge/problem.hpp"
#include "api-worker/middleware/rate_limit.hpp"
#include "api-worker/rate_limit/quota_check.hpp"
#include "common/auth/digest.hpp"
#include "common/protocol/names.hpp"
#include "common/text/ascii.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>

namespace holdfast::api {

namespace {

constexpr std::string_view kScheme = "Bearer";
// How long those who watch the stack wait for a store that is silent.
constexpr std::chrono::seconds kPatience{1};

// Whoever comes first, the store or the timer, ends it and answers.
struct LookUp {
  explicit LookUp(boost::asio::io_context& io) : limit(io) {}
  std::atomic<bool> is_over = false;
  boost::asio::steady_timer limit;
};

std::optional<std::string_view> bearer(std::string_view text) {
  if (text.size() <= kScheme.size()) return {};
  if (!text::equals_ignoring_case(text.substr(0, kScheme.size()), kScheme)) return {};
  const auto credential = text.find_first_not_of(' ', kScheme.size());
  if (text[kScheme.size()] != ' ' || credential == std::string_view::npos) return {};
  return text.substr(credential);
}

// What the request presents as keys, each once. Proxies and gateways add credentials of their own,
// which are none of ours: those of other schemes (Basic), whatever does not begin as our keys do
// beside one that does, and a bearer token beside an X-API-Key.
std::vector<std::string_view> presented_keys(const http::Headers& headers) {
  std::vector<std::string_view> ours;
  std::vector<std::string_view> other_fields;
  std::vector<std::string_view> other_bearers;
  for (const auto& field : headers.fields()) {
    const bool is_field = text::equals_ignoring_case(field.name, "X-API-Key");
    if (!is_field && !text::equals_ignoring_case(field.name, "Authorization")) continue;
    const auto key = is_field ? std::optional<std::string_view>(field.value) : bearer(field.value);
    if (!key) continue;
    auto& among = key->starts_with(auth::kTokenPrefix) ? ours
                  : is_field                           ? other_fields
                                                       : other_bearers;
    if (std::find(among.begin(), among.end(), *key) == among.end()) among.push_back(*key);
  }
  if (!ours.empty()) return ours;
  return other_fields.empty() ? other_bearers : other_fields;
}

bool is_api(std::string_view path) {
  return path == "/api" || path.starts_with("/api/");
}

http::Response unauthorized(const Context& context, std::string detail, const char* challenge) {
  http::Response response = problem_response(context, {401, std::move(detail)});
  response.headers.set("WWW-Authenticate", challenge);
  return response;
}

}  // namespace

KeyUse key_use(const Context& context) {
  const http::Request& request = *context.request;
  if (is_api(request.path)) return KeyUse::Access;
  if (request.method != "GET" && request.method != "HEAD") return KeyUse::None;
  if (context.route == protocol::kMetricsPath || context.route.starts_with("/internal/")) {
    return KeyUse::Access;
  }
  const bool is_verbose = context.route == protocol::kReadyPath &&
                          request.query_value(protocol::kVerboseQuery) != nullptr;
  return is_verbose ? KeyUse::Details : KeyUse::None;
}

bool presents_api_key(const http::Headers& headers) {
  return !presented_keys(headers).empty();
}

ApiKeys::ApiKeys(const config::Config& config, Parts parts)
    : parts_(parts),
      expiry_warning_ms_(
          std::chrono::duration_cast<std::chrono::milliseconds>(config.auth.expiry_warning)
              .count()),
      required_(config.auth.required),
      limits_guesses_(config.rate_limit.enabled),
      ipv6_prefix_(config.rate_limit.ipv6_prefix),
      bad_keys_{"bad-key", config.rate_limit.max, config.rate_limit.window} {}

std::optional<http::Response> ApiKeys::on_request(Context& context) {
  const KeyUse use = key_use(context);
  if (use == KeyUse::None) return {};
  const std::vector<std::string_view> keys = presented_keys(context.request->headers);
  if (keys.empty()) {
    if (!required_ || !is_api(context.request->path)) return {};
    return unauthorized(context, "An API key is required: send it as Authorization: Bearer hf_….",
                        "Bearer realm=\"holdfast\"");
  }
  if (auto exhausted = exhausted_quota(context)) {
    if (use == KeyUse::Details) return {};
    context.quotas.push_back(std::move(*exhausted));
    return too_many_requests(context, context.quotas.back());
  }
  if (keys.size() != 1) {
    if (use == KeyUse::Details) return {};
    return problem_response(context,
                            {400, "Send exactly one API key, in Authorization or X-API-Key."});
  }
  auto token = auth::parse_token(keys.front());
  if (!token) {
    // The token of a gateway, mostly; it costs no look-up, so it is no guess either.
    if (use == KeyUse::Details) return {};
    return refuse(context, {"malformed", ""});
  }
  context.wait_for = [this, token = *token](const ContextPtr& waiting, const Resume& resume) {
    look_up(waiting, token, resume);
  };
  return {};
}

std::optional<Quota> ApiKeys::exhausted_quota(const Context& context) const {
  if (!limits_guesses_) return {};
  const std::string client = rate_limit_key(context.client, ipv6_prefix_);
  const auto decision = parts_.limiter.decide_here(bad_keys_, client, rate_limit::Count::Peek);
  if (decision.allowed) return {};
  return Quota{bad_keys_, client, decision};
}

void ApiKeys::look_up(const ContextPtr& context, const auth::Token& token, const Resume& resume) {
  const auto look = std::make_shared<LookUp>(parts_.io);
  const auto run_out = [this, context, token, resume, look] {
    if (look->is_over.exchange(true)) return;
    resume(judge_without_store(*context, token, {503, "The service is busy. Try again."}));
  };
  const bool taken = parts_.offload.run(Work::PointRead, [this, context, token, resume, look] {
    auto key = parts_.store.get_api_key(token.id);
    if (look->is_over.exchange(true)) return;
    boost::asio::dispatch(parts_.io, [look] { look->limit.cancel(); });
    resume(judge(*context, token, std::move(key)));
  });
  if (!taken) return run_out();
  if (look->is_over || is_api(context->request->path)) return;
  look->limit.expires_after(kPatience);
  look->limit.async_wait([run_out](const boost::system::error_code& error) {
    if (!error) run_out();
  });
}

std::optional<http::Response> ApiKeys::judge(Context& context, const auth::Token& token,
                                             Result<store::ApiKey> key) {
  if (!key && key.error().kind != ErrorKind::NotFound) {
    return judge_without_store(context, token, problem_of(key.error()));
  }
  if (!key) known_.forget(token.id);
  if (!key || !auth::same_digest(key->digest, token.digest)) {
    return refuse(context, {"unknown", ""});
  }
  known_.learn(*key, parts_.clock.mono());
  // By the store's clock, as an overlap is: this machine's may differ.
  const std::int64_t now = key->read_at;
  if (!key->is_valid_at(now)) {
    return refuse(context, {key->revoked_at ? "revoked" : "expired", key->id});
  }
  if (key->expires_at && *key->expires_at - now <= expiry_warning_ms_) warn_of_expiry(*key);
  parts_.uses.note(key->id);
  context.api_key = std::move(*key);
  return {};
}

std::optional<http::Response> ApiKeys::judge_without_store(Context& context,
                                                           const auth::Token& token,
                                                           ProblemDetails problem) {
  if (!is_api(context.request->path)) {
    context.api_key = known_.find(token.id, token.digest, parts_.clock.mono());
    if (context.api_key || key_use(context) == KeyUse::Details) return {};
  }
  return problem_response(context, problem);
}

// Whoever reads the log can have the key rotated before its owner is locked out.
void ApiKeys::warn_of_expiry(const store::ApiKey& key) {
  constexpr std::int64_t kDay = 86'400'000;
  const std::int64_t now = key.read_at;
  {
    const std::lock_guard lock(mutex_);
    const auto [warned, is_new] = warned_at_.emplace(key.id, now);
    if (!is_new && now - warned->second < kDay) return;
    warned->second = now;
  }
  const std::string successor = successor_of(key);
  const std::string end = format_unix_ms(*key.expires_at);
  if (successor.empty()) {
    parts_.log.warn("an API key that is in use expires soon; 'holdfast api-key rotate' replaces it",
                    {{"api_key_id", key.id}, {"api_key_name", key.name}, {"expires_at", end}});
    return;
  }
  parts_.log.warn(
      fmt::format("an API key that was replaced is still in use, which it can be until {}", end),
      {{"api_key_id", key.id},
       {"api_key_name", key.name},
       {"expires_at", end},
       {"replaced_by", successor}});
}

// The key of the same lineage that is valid for longer than any other, if that is not `key`.
std::string ApiKeys::successor_of(const store::ApiKey& key) const {
  const auto end = [](const store::ApiKey& one) { return one.expires_at.value_or(INT64_MAX); };
  const auto keys = parts_.store.list_api_keys();
  const store::ApiKey* last = &key;
  if (!keys) return {};
  for (const store::ApiKey& one : *keys) {
    const bool is_related = one.lineage == key.lineage && one.is_valid_at(key.read_at);
    if (is_related && end(one) > end(*last)) last = &one;
  }
  return last == &key ? std::string() : last->id;
}

std::optional<http::Response> ApiKeys::refuse(Context& context, KeyRefusal why) {
  context.key_refusal = std::move(why);
  parts_.limiter.decide_here(bad_keys_, rate_limit_key(context.client, ipv6_prefix_));
  if (key_use(context) == KeyUse::Details) return {};
  return unauthorized(context, "This API key is not valid.",
                      "Bearer realm=\"holdfast\", error=\"invalid_token\"");
}

}  // namespace holdfast::api
