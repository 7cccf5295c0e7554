// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/next_start.hpp"

#include "common/config/schema.hpp"

namespace holdfast::supervisor {

namespace {

std::string text_of(const config::Field& field) {
  const auto value = field.write();
  return value ? config::to_toml(*value) : std::string();
}

bool waits(const std::string& section, const std::string& key) {
  return section == "metrics" || (section == "log" && key != "level");
}

}  // namespace

std::vector<std::string> keys_for_next_start(const config::Config& before,
                                             const config::Config& after) {
  config::Config was = before;
  config::Config is = after;
  const std::vector<config::Section> old_sections = config::single_sections(was);
  const std::vector<config::Section> new_sections = config::single_sections(is);
  std::vector<std::string> keys;
  for (std::size_t s = 0; s < new_sections.size(); ++s) {
    const config::Section& section = new_sections[s];
    for (std::size_t f = 0; f < section.fields.size(); ++f) {
      const config::Field& field = section.fields[f];
      if (!waits(section.name, field.key)) continue;
      if (text_of(old_sections[s].fields[f]) != text_of(field)) {
        keys.push_back(section.name + "." + field.key);
      }
    }
  }
  return keys;
}

}  // namespace holdfast::supervisor
