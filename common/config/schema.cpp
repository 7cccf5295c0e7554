// SPDX-License-Identifier: Apache-2.0
#include "common/config/schema.hpp"

namespace holdfast::config {

Fields root_fields(Config& config) {
  Fields fields;
  fields.push_back(choice_field<Environment>(
      "environment", config.environment,
      {{"production", Environment::Production}, {"development", Environment::Development}}));
  return fields;
}

std::vector<Section> single_sections(Config& config) {
  return {
      {"supervisor", fields_of(config.supervisor)}, {"log", fields_of(config.log)},
      {"metrics", fields_of(config.metrics)},       {"http", fields_of(config.http)},
      {"rate_limit", fields_of(config.rate_limit)}, {"cors", fields_of(config.cors)},
      {"security", fields_of(config.security)},     {"auth", fields_of(config.auth)},
      {"store", fields_of(config.store)},           {"queue", fields_of(config.queue)},
      {"embedding", fields_of(config.embedding)},
  };
}

std::vector<KnownKey> known_keys() {
  std::vector<KnownKey> keys;
  const auto append = [&](const std::string& section, const Fields& fields) {
    for (const Field& field : fields) {
      const auto value = field.write();
      keys.push_back({section, field.key, field.type, value ? to_toml(*value) : std::string()});
    }
  };
  Config config;
  Listen listen;
  Program program;
  append("", root_fields(config));
  append("listen.NAME", fields_of(listen));
  append("program.NAME", fields_of(program));
  for (const Section& section : single_sections(config))
    append(section.name, section.fields);
  return keys;
}

}  // namespace holdfast::config
