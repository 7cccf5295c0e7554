// SPDX-License-Identifier: Apache-2.0
#include "common/config/environment.hpp"

#include "common/config/receiver_types.hpp"
#include "common/config/schema.hpp"
#include "common/net/address.hpp"
#include "common/protocol/names.hpp"
#include "common/protocol/variables.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "common/text/utf8.hpp"

#include <unistd.h>

namespace holdfast::config {

namespace {

const std::string* find_set(const Environ& environ, const std::string& name) {
  const auto found = environ.find(name);
  return found == environ.end() || found->second.empty() ? nullptr : &found->second;
}

// The value of NAME, or for a secret the content of the file that NAME_FILE names. `name` becomes
// the name of the variable that it came from.
std::optional<std::string> value_of(const Variable& variable, const Environ& environ,
                                    std::string& name, LoadReport& report, Pipes pipes) {
  const std::string* const direct = find_set(environ, variable.name);
  const std::string file_variable = variable.name + "_FILE";
  const std::string* const path = variable.secret ? find_set(environ, file_variable) : nullptr;
  if (direct != nullptr && path != nullptr) {
    report.problem_of_variable(
        variable.name, fmt::format("is set together with {}; set one of them", file_variable));
    return {};
  }
  if (path == nullptr) return direct == nullptr ? std::nullopt : std::optional(*direct);
  name = file_variable;
  auto content = secret_of({}, *path, pipes);
  if (!content) {
    report.problem_of_variable(file_variable, content.error().message);
    return {};
  }
  return std::move(*content);
}

Fields fields_of_section(Config& config, const std::string& name) {
  for (Section& section : single_sections(config)) {
    if (section.name == name) return std::move(section.fields);
  }
  constexpr std::string_view kReceiver = "alert_receiver.";
  if (name.starts_with(kReceiver))
    return fields_of(config.alert_receivers[name.substr(kReceiver.size())]);
  return root_fields(config);
}

// The text as a value of the key's type. Text that is not an integer stays text, and the key
// reports it.
Value to_value(const std::string& text, Variable::Form form) {
  if (form == Variable::Form::Integer) {
    if (const auto number = text::parse_number<std::int64_t>(text)) return Value{*number};
  }
  if (form != Variable::Form::List) return Value{text};
  Array items;
  std::string_view rest = text;
  for (;;) {
    const auto comma = rest.find(',');
    const std::string_view item = text::trim(rest.substr(0, comma));
    if (!item.empty()) items.push_back(Value{std::string(item)});
    if (comma == std::string_view::npos) return Value{std::move(items)};
    rest.remove_prefix(comma + 1);
  }
}

void apply(const Variable& variable, const Environ& environ, Config& config, LoadReport& report,
           Pipes pipes) {
  std::string name = variable.name;
  auto value = value_of(variable, environ, name, report, pipes);
  if (!value) return;
  // Workers are handed every value as TOML, which is UTF-8.
  if (const std::size_t at = text::find_invalid_utf8(*value); at != std::string::npos) {
    report.problem_of_variable(name, fmt::format("is not UTF-8 at byte {}{}", at,
                                                 variable.secret ? "; in a URL such a byte is "
                                                                   "written as % and two hex digits"
                                                                 : ""));
    return;
  }
  if (variable.any_case) value = text::to_lower(*value);
  for (const Field& field : fields_of_section(config, variable.section)) {
    if (field.key != variable.key) continue;
    Complaints complaints;
    field.read(to_value(*value, variable.form), complaints);
    for (const Complaint& complaint : complaints) {
      report.problem_of_variable(name, complaint.message);
    }
    report.note_variable(
        variable.section.empty() ? variable.key : variable.section + "." + variable.key, name);
  }
}

void apply_port(const Environ& environ, Config& config, LoadReport& report) {
  const std::string* const text = find_set(environ, "PORT");
  if (text == nullptr) return;
  const auto port = text::parse_number<std::uint16_t>(*text);
  if (!port) {
    report.problem_of_variable("PORT", fmt::format("'{}' is not a port from 0 to 65535", *text));
    return;
  }
  if (config.listen.empty()) return;  // meant for a program that reads it itself
  const auto http = config.listen.find(protocol::kHttpFd);
  if (http == config.listen.end()) {
    report.warning_of_variable("PORT", "has no effect without a [listen.http]");
    return;
  }
  auto address = net::parse_listen_address(http->second.address);
  if (!address) return;  // already reported where it was read
  if (address->kind == net::ListenAddress::Kind::Unix) {
    report.problem_of_variable(
        "PORT", fmt::format("is set, but [listen.http] listens on '{}'", http->second.address));
    return;
  }
  address->port = *port;
  http->second.address = net::format_listen_address(*address);
  report.note_variable("listen.http.address", "PORT");
}

}  // namespace

const std::vector<Variable>& known_variables() {
  static const std::vector<Variable> kVariables{
      {.name = protocol::kEnvironment, .section = "", .key = "environment", .any_case = true},
      {.name = protocol::kStateDir, .section = "supervisor", .key = "state_dir"},
      {.name = protocol::kRuntimeDir, .section = "supervisor", .key = "runtime_dir"},
      {.name = protocol::kStopGrace, .section = "supervisor", .key = "stop_grace"},
      {.name = "STATUS_LISTEN", .section = "supervisor", .key = "status_listen"},
      {.name = "LOG_LEVEL", .section = "log", .key = "level", .any_case = true},
      {.name = "LOG_FORMAT", .section = "log", .key = "format", .any_case = true},
      {.name = "DATABASE_URL", .section = "store", .key = "url", .secret = true},
      {.name = "REDIS_URL", .section = "rate_limit", .key = "redis_url", .secret = true},
      {.name = "EMBEDDING_PROVIDER", .section = "embedding", .key = "provider", .any_case = true},
      {.name = "EMBEDDING_URL", .section = "embedding", .key = "base_url"},
      {.name = "EMBEDDING_MODEL", .section = "embedding", .key = "model"},
      {.name = "EMBEDDING_DIMENSIONS",
       .section = "embedding",
       .key = "dimensions",
       .form = Variable::Form::Integer},
      {.name = "EMBEDDING_API_KEY", .section = "embedding", .key = "api_key", .secret = true},
      {.name = "RATE_LIMIT_MAX",
       .section = "rate_limit",
       .key = "max",
       .form = Variable::Form::Integer},
      {.name = "RATE_LIMIT_WINDOW", .section = "rate_limit", .key = "window"},
      {.name = "CORS_ORIGINS", .section = "cors", .key = "origins", .form = Variable::Form::List},
      {.name = "ALERT_WEBHOOK_URL",
       .section = "alert_receiver.default",
       .key = "url",
       .secret = true},
  };
  return kVariables;
}

void apply_environment(const Environ& environ, Config& config, LoadReport& report, Pipes pipes) {
  for (const Variable& variable : known_variables())
    apply(variable, environ, config, report, pipes);
  apply_port(environ, config, report);
}

Environ with_absolute_paths(Environ environ) {
  std::vector<std::string> paths{protocol::kConfig, protocol::kStateDir, protocol::kRuntimeDir};
  for (const Variable& variable : known_variables()) {
    if (variable.secret) paths.push_back(variable.name + "_FILE");
  }
  for (const std::string& name : paths) {
    const auto found = environ.find(name);
    std::error_code error;
    if (found == environ.end() || found->second.empty()) continue;
    const auto path = std::filesystem::absolute(found->second, error);
    if (!error) found->second = path.lexically_normal().native();
  }
  return environ;
}

Environ environ_of_process() {
  Environ environ;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environ.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return with_absolute_paths(std::move(environ));
}

}  // namespace holdfast::config
