// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/transport.hpp"

#include "common/config/environment.hpp"
#include "common/config/receiver_types.hpp"
#include "common/http/client.hpp"
#include "common/http/proxy.hpp"
#include "common/log/redact.hpp"
#include "common/protocol/variables.hpp"
#include "supervisor/alerts/command_run.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

constexpr Duration kConnectTimeout = std::chrono::seconds(3);
constexpr std::uint64_t kMostOfAnswer = 64u << 10;

Result<http::Response> send(const HttpRequest& request, const config::AlertReceiver& receiver,
                            const TransportParts& parts, const std::stop_token& stop) {
  http::FetchOptions options;
  options.deadline = receiver.timeout;
  options.connect_timeout = std::min(kConnectTimeout, receiver.timeout);
  options.max_response_bytes = kMostOfAnswer;
  // What was taken is not sent again. Slack says in the body whether it was.
  options.status_suffices = receiver.type != "slack";
  options.ca_file = receiver.ca_file;
  options.stop = stop;
  HOLDFAST_TRY_ASSIGN(options.proxy,
                      http::proxy_by(receiver.proxy, request.url, parts.environment));
  return http::fetch("POST", request.url, request.headers, request.body, options);
}

Result<Target> target_of(const config::AlertReceiver& receiver) {
  Target target{receiver, {}, {}, {}};
  HOLDFAST_TRY_ASSIGN(target.url, config::secret_of(receiver.url, receiver.url_file));
  HOLDFAST_TRY_ASSIGN(target.secret, config::secret_of(receiver.secret, receiver.secret_file));
  HOLDFAST_TRY_ASSIGN(target.authorization,
                      config::secret_of(receiver.authorization, receiver.authorization_file));
  return target;
}

}  // namespace

Attempted attempt(const config::AlertReceiver& receiver, const ReceiverKind& kind,
                  const Notification& notification, bool minimal, WallTime now,
                  const TransportParts& parts, const std::stop_token& stop) {
  auto target = target_of(receiver);
  if (!target) return {HttpRequest{}, Result<http::Response>(fail(target.error()))};
  Attempted attempted{kind.render(*target, notification, minimal, now), {}};
  if (auto* const request = std::get_if<HttpRequest>(&attempted.request)) {
    if (!target->authorization.empty())
      request->headers.set("Authorization", target->authorization);
    attempted.answer = send(*request, receiver, parts, stop);
  } else {
    attempted.answer =
        run_command(std::get<CommandRequest>(attempted.request),
                    {receiver.timeout, 64u << 10, parts.command_environment, parts.children, stop});
  }
  return attempted;
}

Result<http::Response> ping(const config::AlertPing& ping, const TransportParts& parts,
                            const std::stop_token& stop) {
  HOLDFAST_TRY_ASSIGN(const std::string url, config::secret_of(ping.url, ping.url_file));
  http::FetchOptions options;
  options.connect_timeout = kConnectTimeout;
  options.max_response_bytes = kMostOfAnswer;
  options.status_suffices = true;
  options.stop = stop;
  HOLDFAST_TRY_ASSIGN(options.proxy, http::proxy_by("environment", url, parts.environment));
  return http::fetch("GET", url, {}, {}, options);
}

std::string show_request(const Request& request) {
  if (const auto* const command = std::get_if<CommandRequest>(&request)) {
    return fmt::format("{}\n\n{}", fmt::join(log::redact_arguments(command->argv), " "),
                       command->input);
  }
  const auto& http = std::get<HttpRequest>(request);
  const auto url = net::parse_url(http.url);
  std::string text = fmt::format("POST {}\n", url ? url->base() + "/***" : "(no URL)");
  for (const auto& [name, value] : http.headers.fields()) {
    const bool hidden = log::is_sensitive(name) || name == "X-Holdfast-Signature";
    text += fmt::format("{}: {}\n", name, hidden ? std::string(log::kRedacted) : value);
  }
  return text + "\n" + http.body;
}

Variables without_secrets(const Variables& environment) {
  Variables result = environment;
  const auto& known = config::known_variables();
  std::erase_if(result, [&](const auto& entry) {
    const std::string& name = entry.first;
    const bool ours = std::any_of(known.begin(), known.end(), [&](const auto& variable) {
      return variable.secret && (name == variable.name || name == variable.name + "_FILE");
    });
    return ours || log::redact_value(name, entry.second) != entry.second;
  });
  // Addressed to this process by whoever started it.
  for (const protocol::Variable& variable : protocol::kVariables) {
    if (!protocol::is_inherited(variable)) result.erase(std::string(variable.name));
  }
  return result;
}

}  // namespace holdfast::supervisor::alerts
