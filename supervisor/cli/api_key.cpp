// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/api_key.hpp"

#include "common/auth/token.hpp"
#include "common/base/duration.hpp"
#include "common/command_line/output.hpp"
#include "common/os/exit_codes.hpp"
#include "common/os/file.hpp"
#include "common/os/signal_mask.hpp"
#include "common/store/store.hpp"
#include "common/text/terminal.hpp"
#include "common/text/utf8.hpp"
#include "common/worker/running_stack.hpp"
#include "supervisor/cli/admin_client.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <ctime>
#include <future>

namespace holdfast::supervisor::cli {

namespace {

using nlohmann::ordered_json;

template <class T = void, class Call>
Result<T> await(Call&& call) {
  std::promise<Result<T>> promise;
  call(store::Callback<T>([&](Result<T> done) { promise.set_value(std::move(done)); }));
  return promise.get_future().get();
}

std::string time_text(std::optional<std::int64_t> at) {
  return at ? format_unix_ms(*at) : "never";
}

// Names are printed in a table on a terminal.
Result<void> check_name(const std::string& name) {
  constexpr std::size_t kLongest = 64;
  if (!text::is_utf8(name)) return fail(ErrorKind::InvalidArgument, "the name is not valid UTF-8");
  if (text::for_terminal_line(name) != name || name.find('\t') != std::string::npos) {
    return fail(ErrorKind::InvalidArgument,
                "the name contains a control character, or one that cannot be seen");
  }
  if (!name.empty() && name.size() <= kLongest) return {};
  return fail(ErrorKind::InvalidArgument,
              fmt::format("the name must have 1 to {} bytes", kLongest));
}

// A day or a second in UTC: "2027-01-31", "2027-01-31T12:00:00Z". In milliseconds, as it is stored:
// WallTime ends in 2262.
std::optional<std::int64_t> parse_time(const std::string& text) {
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"}) {
    std::tm parts{};
    const char* const end = ::strptime(text.c_str(), format, &parts);
    if (end == nullptr || *end != '\0') continue;
    const int day = parts.tm_mday;
    const std::time_t seconds = ::timegm(&parts);
    // February 30 would become a day in March.
    if (parts.tm_mday == day) return std::int64_t{seconds} * 1000;
  }
  return {};
}

// A time or, from now, a duration.
Result<std::int64_t> read_expiry(const std::string& text, const Clock& clock) {
  const std::int64_t now = to_unix_ms(clock.wall());
  std::optional<std::int64_t> at = parse_time(text);
  if (!at) {
    const auto in = parse_duration(text);
    constexpr Duration kLongest = std::chrono::hours(24 * 365 * 100);
    if (!in || *in > kLongest) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("--expires: '{}' is neither a time (2027-01-31, "
                              "2027-01-31T12:00:00Z; at most 9999-12-31) nor a duration (90d)",
                              text));
    }
    at = now + std::chrono::duration_cast<std::chrono::milliseconds>(*in).count();
  }
  if (*at > now) return *at;
  return fail(ErrorKind::InvalidArgument, fmt::format("--expires: '{}' is in the past", text));
}

// A key that nobody has seen is revoked: it cannot be shown again.
Result<void> show(store::Store& store, const store::ApiKey& key, const auth::Token& token) {
  const std::string end = key.expires_at ? ", expires " + time_text(key.expires_at) : "";
  command_line::complain(
      fmt::format("API key {} for '{}', scope {}{}, in {}. Store it now: it cannot be shown again.",
                  key.id, key.name, store::to_string(key.scope), end, store.describe()));
  fmt::print("{}\n", token.text);
  if (command_line::flush_output()) return {};
  HOLDFAST_TRY(await([&](auto done) { store.revoke_api_key(key.id, std::move(done)); }));
  return fail(ErrorKind::Unavailable,
              "standard output cannot be written, so the key was not shown, and is revoked");
}

Result<void> create(store::Store& store, const Arguments& arguments, const Clock& clock) {
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
  if (!arguments.expires.empty()) {
    HOLDFAST_TRY_ASSIGN(key.expires_at, read_expiry(arguments.expires, clock));
  }
  HOLDFAST_TRY(await([&](auto done) { store.create_api_key(key, std::move(done)); }));
  return show(store, key, token);
}

Result<void> rotate(store::Store& store, const Arguments& arguments, const Clock& clock) {
  const auto overlap = parse_duration(arguments.overlap);
  if (!overlap) {
    return fail(ErrorKind::InvalidArgument, fmt::format("--overlap: {}", overlap.error().message));
  }
  const auth::Token token = auth::make_token();
  store::ApiKey successor;
  successor.id = token.id;
  successor.digest = token.digest;
  if (!arguments.expires.empty()) {
    HOLDFAST_TRY_ASSIGN(successor.expires_at, read_expiry(arguments.expires, clock));
  }
  HOLDFAST_TRY_ASSIGN(const store::ApiKey stored, await<store::ApiKey>([&](auto done) {
                        store.rotate_api_key(arguments.name, successor, *overlap, std::move(done));
                      }));
  HOLDFAST_TRY_ASSIGN(const store::ApiKey old, store.get_api_key(arguments.name));
  fmt::print(stderr, "API key {} is valid until {}.\n", old.id, time_text(old.expires_at));
  return show(store, stored, token);
}

std::string_view state_of(const store::ApiKey& key) {
  if (key.revoked_at) return "revoked";
  return key.is_valid_at(key.read_at) ? "active" : "expired";
}

ordered_json to_json(const store::ApiKey& key) {
  ordered_json object;
  object["id"] = key.id;
  object["name"] = key.name;
  object["scope"] = store::to_string(key.scope);
  object["rate_limit"] = key.rate_limit ? ordered_json(*key.rate_limit) : ordered_json(nullptr);
  object["created_at"] = time_text(key.created_at);
  object["last_used_at"] =
      key.last_used_at ? ordered_json(time_text(key.last_used_at)) : ordered_json(nullptr);
  object["revoked_at"] =
      key.revoked_at ? ordered_json(time_text(key.revoked_at)) : ordered_json(nullptr);
  object["expires_at"] =
      key.expires_at ? ordered_json(time_text(key.expires_at)) : ordered_json(nullptr);
  object["state"] = state_of(key);
  return object;
}

Result<void> list(store::Store& store, bool as_json) {
  HOLDFAST_TRY_ASSIGN(const auto keys, store.list_api_keys());
  if (as_json) {
    ordered_json array = ordered_json::array();
    for (const store::ApiKey& key : keys)
      array.push_back(to_json(key));
    const auto replace = ordered_json::error_handler_t::replace;
    std::string text = array.dump(2, ' ', false, replace);
    text::escape_hidden(text);
    fmt::print("{}\n", text);
    return {};
  }
  fmt::print("{:<12}  {:<24}  {:<5}  {:>10}  {:<24}  {:<24}  {:<24}  {}\n", "ID", "NAME", "SCOPE",
             "RATE LIMIT", "CREATED", "LAST USED", "EXPIRES", "STATE");
  for (const store::ApiKey& key : keys) {
    fmt::print("{:<12}  {:<24}  {:<5}  {:>10}  {:<24}  {:<24}  {:<24}  {}\n", key.id,
               text::for_terminal_line(key.name), store::to_string(key.scope),
               key.rate_limit ? std::to_string(*key.rate_limit) : "default",
               time_text(key.created_at), time_text(key.last_used_at), time_text(key.expires_at),
               state_of(key));
  }
  return {};
}

Result<void> revoke(store::Store& store, const std::string& id) {
  HOLDFAST_TRY(await([&](auto done) { store.revoke_api_key(id, std::move(done)); }));
  command_line::complain(fmt::format("API key {} is revoked in {}.", id, store.describe()));
  return {};
}

Result<void> run(const Arguments& arguments, const config::Config& config) {
  const SystemClock clock;
  store::OpenOptions options;
  options.readers = 1;
  // Whoever is stopped in the middle of a write stops all others.
  const TerminalStopDeferred deferred;
  HOLDFAST_TRY_ASSIGN(const auto store,
                      store::open_store(store::store_url(config), options, clock));
  switch (arguments.verb) {
    case Verb::ApiKeyCreate: return create(*store, arguments, clock);
    case Verb::ApiKeyRotate: return rotate(*store, arguments, clock);
    case Verb::ApiKeyRevoke: return revoke(*store, arguments.name);
    default: return list(*store, arguments.json);
  }
}

}  // namespace

bool is_api_key_verb(Verb verb) {
  return verb == Verb::ApiKeyCreate || verb == Verb::ApiKeyRotate || verb == Verb::ApiKeyList ||
         verb == Verb::ApiKeyRevoke;
}

int run_api_key(const Arguments& arguments, const std::optional<std::filesystem::path>& config_file,
                const config::Environ& environ) {
  const auto loaded = config::load(config_file, environ, Pipes::Read);
  if (!loaded) {
    command_line::complain(config::format(loaded.error()));
    return exit_code::kConfig;
  }
  const auto runtime_dir = absolute_path(config::find_runtime_dir(config_file, environ));
  const auto same = worker::check_running_stack(loaded->config, runtime_dir, environ);
  if (!same) {
    complain(same.error().message);
    return exit_code::kConfig;
  }
  if (!same->empty()) complain(*same);
  const auto done = run(arguments, loaded->config);
  if (done) return exit_code::kOk;
  complain(done.error().message);
  return done.error().kind == ErrorKind::InvalidArgument ? exit_code::kUsage : exit_code::kFailed;
}

}  // namespace holdfast::supervisor::cli
