// SPDX-License-Identifier: Apache-2.0
#include "common/config/alert_names.hpp"
#include "common/config/checks.hpp"
#include "common/config/fields.hpp"
#include "common/config/receiver_types.hpp"
#include "common/config/suggest.hpp"
#include "common/config/validate.hpp"
#include "common/log/redact.hpp"
#include "common/net/url.hpp"
#include "common/text/glob.hpp"

#include <algorithm>

namespace holdfast::config {

namespace {

// Names, or globs of names. A name that nothing has is a slip of the pen.
void check_patterns(const std::string& key, const char* what,
                    const std::vector<std::string>& patterns, const std::vector<std::string>& known,
                    Checks& checks) {
  for (const std::string& pattern : patterns) {
    const bool matches = std::any_of(known.begin(), known.end(), [&](const std::string& name) {
      return text::glob_match(pattern, name);
    });
    if (matches) continue;
    if (text::is_glob(pattern)) {
      checks.warning(key, fmt::format("no {} matches '{}'", what, pattern));
    } else {
      checks.problem(
          key, fmt::format("there is no {} '{}'{}", what, pattern, did_you_mean(pattern, known)));
    }
  }
}

void check_routes(const Config& config, const AlertReceiver& receiver, Checks& checks) {
  std::vector<std::string> programs;
  for (const Program& program : config.programs)
    programs.push_back(program.name);
  check_patterns("programs", "program", receiver.programs, programs, checks);
  check_patterns("rules", "alert", receiver.rules, names_of_alerts(), checks);
}

void check_literals(const AlertReceiver& receiver, const ReceiverType& type, Checks& checks) {
  for (const std::string& key : receiver.literal_secrets) {
    const bool secret =
        key != "url" || type.secret_url || log::redact_url(receiver.url) != receiver.url;
    if (!secret) continue;
    checks.warn_of_literal(key);
  }
}

void check_command(const AlertReceiver& receiver, Checks& checks) {
  if (receiver.command.empty() || receiver.command.front().empty()) {
    checks.problem("",
                   "a receiver of type \"command\" needs a command: command = "
                   "[\"/usr/local/bin/alert\"]");
  }
  for (const char* key :
       {"url", "url_file", "authorization", "authorization_file", "proxy", "ca_file"})
    checks.without_effect(key, "a command is run, and nothing sent");
}

void check_target(const AlertReceiver& receiver, const ReceiverType& type, Checks& checks) {
  checks.without_effect("command", "the receiver is sent to a URL");
  if (receiver.url.empty() && receiver.url_file.empty()) {
    if (checks.refused("url") || checks.refused("url_file")) return;
    return checks.problem(
        "", fmt::format("a receiver of type \"{}\" needs a url: url_file = \"/path\", or url = "
                        "\"${{NAME}}\"",
                        type.name));
  }
  std::string url;
  if (!checks.check_secret("url", receiver.url, receiver.url_file, url)) return;
  const char* const key = receiver.url.empty() ? "url_file" : "url";
  if (net::holds_user(url)) return checks.problem(key, kUserInUrl);
  checks.check_url(key, url);
  const std::string looks = receiver_type_of(url);
  if (looks != "webhook" && looks != type.name) {
    checks.warning("type", fmt::format("the URL looks like one of {}: did you mean \"{}\"?",
                                       looks == "slack" ? "Slack" : "Discord", looks));
  }
}

void validate_receiver(const Config& config, const std::string& name, const AlertReceiver& receiver,
                       LoadReport& report) {
  Checks checks("alert_receiver." + name, report);
  const ReceiverType* const type = find_receiver_type(receiver.type);
  if (type == nullptr) {
    // One that was refused has been reported.
    if (!checks.given("type") && !checks.refused("url")) {
      std::vector<std::string> names;
      for (const ReceiverType& known : receiver_types())
        names.emplace_back(known.name);
      checks.problem("", fmt::format("type is missing: one of {}", quoted_list(names)));
    }
    return;
  }
  if (type->takes_url) {
    check_target(receiver, *type, checks);
  } else {
    check_command(receiver, checks);
  }
  std::string ignored;
  checks.check_secret("secret", receiver.secret, receiver.secret_file, ignored);
  checks.check_secret("authorization", receiver.authorization, receiver.authorization_file,
                      ignored);
  if (!type->signs) {
    for (const char* key : {"secret", "secret_file"})
      checks.without_effect(key, fmt::format("type \"{}\" signs nothing", type->name));
  }
  checks.check_ca_file(receiver.ca_file);
  check_literals(receiver, *type, checks);
  check_routes(config, receiver, checks);
}

void validate_ping(const AlertPing& ping, LoadReport& report) {
  Checks checks("alert_ping", report);
  if (ping.url.empty() && ping.url_file.empty()) {
    if (checks.refused("url") || checks.refused("url_file")) return;
    return checks.without_effect("interval", "there is no 'url'");
  }
  std::string url;
  if (!checks.check_secret("url", ping.url, ping.url_file, url)) return;
  checks.check_url(ping.url.empty() ? "url_file" : "url", url);
}

}  // namespace

void validate_receivers(const Config& config, LoadReport& report) {
  for (const auto& [name, receiver] : config.alert_receivers)
    validate_receiver(config, name, receiver, report);
  validate_ping(config.alert_ping, report);
}

}  // namespace holdfast::config
