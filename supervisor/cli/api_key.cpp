// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/api_key.hpp"

#include "common/auth/token.hpp"
#include "common/os/exit_codes.hpp"
#include "common/store/store.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <future>

namespace holdfast::supervisor::cli {

namespace {

using nlohmann::ordered_json;

template <class Call>
Result<void> await(Call&& call) {
  std::promise<Result<void>> promise;
  call(store::Callback<void>([&](Result<void> done) { promise.set_value(std::move(done)); }));
  return promise.get_future().get();
}

std::string time_text(std::optional<std::int64_t> at) {
  return at ? format_rfc3339(from_unix_ms(*at)) : "never";
}

// Names are printed in a table on a terminal.
Result<void> check_name(const std::string& name) {
  constexpr std::size_t kLongest = 64;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) {
      return fail(ErrorKind::InvalidArgument, "the name contains a control character");
    }
  }
  if (!name.empty() && name.size() <= kLongest) return {};
  return fail(ErrorKind::InvalidArgument,
              fmt::format("the name must have 1 to {} bytes", kLongest));
}

Result<void> create(store::Store& store, const Arguments& arguments) {
  HOLDFAST_TRY(check_name(arguments.name));
  const auth::Token token = auth::make_token();
  store::ApiKey key;
  key.id = token.id;
  key.name = arguments.name;
  key.digest = token.digest;
  for (const auto scope : {store::Scope::Read, store::Scope::Write, store::Scope::Admin}) {
    if (arguments.scope == store::to_string(scope)) key.scope = scope;
  }
  if (arguments.rate_limit != 0) key.rate_limit = arguments.rate_limit;
  HOLDFAST_TRY(await([&](auto done) { store.create_api_key(key, std::move(done)); }));
  fmt::print(stderr, "API key {} for '{}', scope {}. Store it now: it cannot be shown again.\n",
             key.id, key.name, arguments.scope);
  fmt::print("{}\n", token.text);
  return {};
}

ordered_json to_json(const store::ApiKey& key) {
  ordered_json json;
  json["id"] = key.id;
  json["name"] = key.name;
  json["scope"] = store::to_string(key.scope);
  json["rate_limit"] = key.rate_limit ? ordered_json(*key.rate_limit) : ordered_json(nullptr);
  json["created_at"] = time_text(key.created_at);
  json["last_used_at"] =
      key.last_used_at ? ordered_json(time_text(key.last_used_at)) : ordered_json(nullptr);
  json["revoked_at"] =
      key.revoked_at ? ordered_json(time_text(key.revoked_at)) : ordered_json(nullptr);
  return json;
}

Result<void> list(store::Store& store, bool as_json) {
  HOLDFAST_TRY_ASSIGN(const auto keys, store.list_api_keys());
  if (as_json) {
    ordered_json array = ordered_json::array();
    for (const store::ApiKey& key : keys)
      array.push_back(to_json(key));
    const auto replace = ordered_json::error_handler_t::replace;
    fmt::print("{}\n", array.dump(2, ' ', false, replace));
    return {};
  }
  fmt::print("{:<12}  {:<24}  {:<5}  {:>10}  {:<24}  {:<24}  {}\n", "ID", "NAME", "SCOPE",
             "RATE LIMIT", "CREATED", "LAST USED", "STATE");
  for (const store::ApiKey& key : keys) {
    fmt::print("{:<12}  {:<24}  {:<5}  {:>10}  {:<24}  {:<24}  {}\n", key.id, key.name,
               store::to_string(key.scope),
               key.rate_limit ? std::to_string(*key.rate_limit) : "default",
               time_text(key.created_at), time_text(key.last_used_at),
               key.revoked_at ? "revoked" : "active");
  }
  return {};
}

Result<void> revoke(store::Store& store, const std::string& id) {
  HOLDFAST_TRY(await([&](auto done) { store.revoke_api_key(id, std::move(done)); }));
  fmt::print(stderr, "API key {} is revoked.\n", id);
  return {};
}

Result<void> run(const Arguments& arguments, const config::Config& config) {
  const SystemClock clock;
  store::OpenOptions options;
  options.readers = 1;
  HOLDFAST_TRY_ASSIGN(const auto store,
                      store::open_store(store::store_url(config), options, clock));
  switch (arguments.verb) {
    case Verb::ApiKeyCreate: return create(*store, arguments);
    case Verb::ApiKeyRevoke: return revoke(*store, arguments.name);
    default: return list(*store, arguments.json);
  }
}

}  // namespace

bool is_api_key_verb(Verb verb) {
  return verb == Verb::ApiKeyCreate || verb == Verb::ApiKeyList || verb == Verb::ApiKeyRevoke;
}

int run_api_key(const Arguments& arguments, const std::optional<std::filesystem::path>& config_file,
                const config::Environ& environ) {
  const auto loaded = config::load(config_file, environ);
  if (!loaded) {
    fmt::print(stderr, "{}\n", config::format(loaded.error()));
    return exit_code::kConfig;
  }
  const auto done = run(arguments, loaded->config);
  if (done) return exit_code::kOk;
  fmt::print(stderr, "holdfast: {}\n", done.error().message);
  return done.error().kind == ErrorKind::InvalidArgument ? exit_code::kUsage : exit_code::kFailed;
}

}  // namespace holdfast::supervisor::cli
