// SPDX-License-Identifier: Apache-2.0
#include "common/config/schema.hpp"

namespace holdfast::config {

Fields root_fields(Config& config) {
  Fields fields;
  fields.push_back(choice_field<Environment>(
      "environment", ReloadEffect::Live, config.environment,
      {{"production", Environment::Production}, {"development", Environment::Development}}));
  Field include = texts_field("include", ReloadEffect::Live, config.include);
  // What the files say is part of the result, and must not be read a second time.
  include.write = []() -> std::optional<Value> { return {}; };
  fields.push_back(std::move(include));
  return fields;
}

std::vector<Section> single_sections(Config& config) {
  using enum Readers;
  return {
      {"supervisor", None, fields_of(config.supervisor)},
      {"log", BothWorkers, fields_of(config.log)},
      {"metrics", None, fields_of(config.metrics)},
      {"http", ApiWorker, fields_of(config.http)},
      {"rate_limit", ApiWorker, fields_of(config.rate_limit)},
      {"cors", ApiWorker, fields_of(config.cors)},
      {"security", ApiWorker, fields_of(config.security)},
      {"auth", ApiWorker, fields_of(config.auth)},
      {"store", BothWorkers, fields_of(config.store)},
      {"queue", BothWorkers, fields_of(config.queue)},
      {"embedding", BothWorkers, fields_of(config.embedding)},
      {"alerts", None, fields_of(config.alerts)},
      {"alert_ping", None, fields_of(config.alert_ping)},
  };
}

std::vector<KnownKey> known_keys() {
  std::vector<KnownKey> keys;
  const auto append = [&](const std::string& section, const Fields& fields) {
    for (const Field& field : fields) {
      const auto value = field.write();
      keys.push_back({section, field.key, field.type, value ? to_toml(*value) : std::string(),
                      field.on_reload});
    }
  };
  Config config;
  Listen listen;
  Program program;
  AlertRule rule;
  AlertReceiver receiver;
  append("", root_fields(config));
  append("listen.NAME", fields_of(listen));
  append("program.NAME", fields_of(program));
  append("alert_receiver.NAME", fields_of(receiver));
  for (const Section& section : single_sections(config))
    append(section.name, section.fields);
  append("alert_rule.NAME", fields_of(rule));
  return keys;
}

}  // namespace holdfast::config
