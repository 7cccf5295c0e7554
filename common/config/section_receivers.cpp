// SPDX-License-Identifier: Apache-2.0
// The fields of [alert_receiver.NAME] and [alert_ping].
#include "common/config/receiver_types.hpp"
#include "common/config/schema.hpp"
#include "common/config/secret_fields.hpp"
#include "common/net/url.hpp"

namespace holdfast::config {

using enum ReloadEffect;

namespace {

// The messages do not repeat what may be a secret.
Result<std::string> check_receiver_url(const std::string& text) {
  if (!text.empty()) HOLDFAST_TRY(net::parse_url(text));
  return text;
}

Result<std::string> check_target_url(const std::string& text) {
  if (net::holds_user(text)) return fail(ErrorKind::InvalidArgument, kUserInUrl);
  return check_receiver_url(text);
}

Result<std::string> check_receiver_pattern(const std::string& pattern) {
  if (pattern.empty()) return fail(ErrorKind::InvalidArgument, "a name must not be empty");
  return pattern;
}

Field type_field(std::string& type) {
  std::vector<std::pair<std::string, std::string>> choices;
  for (const ReceiverType& known : receiver_types())
    choices.emplace_back(known.name, known.name);
  return choice_field<std::string>("type", Live, type, std::move(choices));
}

}  // namespace

Fields fields_of(AlertReceiver& receiver) {
  return {
      type_field(receiver.type),
      secret_field("url", Live, receiver.url, receiver.literal_secrets, check_target_url),
      path_field("url_file", Live, receiver.url_file, Absence::Allowed),
      secret_field("secret", Live, receiver.secret, receiver.literal_secrets, check_secret),
      path_field("secret_file", Live, receiver.secret_file, Absence::Allowed),
      secret_field("authorization", Live, receiver.authorization, receiver.literal_secrets,
                   check_secret),
      path_field("authorization_file", Live, receiver.authorization_file, Absence::Allowed),
      texts_field("command", Live, receiver.command),
      duration_field("timeout", Live, receiver.timeout, 1s, 60s),
      text_field("proxy", Live, receiver.proxy, check_proxy),
      path_field("ca_file", Live, receiver.ca_file, Absence::Allowed),
      choice_field<std::string>(
          "min_severity", Live, receiver.min_severity,
          {{"info", "info"}, {"warning", "warning"}, {"critical", "critical"}}),
      texts_field("rules", Live, receiver.rules, check_receiver_pattern),
      texts_field("programs", Live, receiver.programs, check_receiver_pattern),
      flag_field("send_resolved", Live, receiver.send_resolved),
  };
}

Fields fields_of(AlertPing& ping) {
  return {
      text_field("url", Live, ping.url, check_receiver_url),
      path_field("url_file", Live, ping.url_file, Absence::Allowed),
      duration_field("interval", Live, ping.interval, 10s, 24h),
  };
}

}  // namespace holdfast::config
