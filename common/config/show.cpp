// SPDX-License-Identifier: Apache-2.0
#include "common/config/show.hpp"

#include "common/config/mask.hpp"
#include "common/config/schema.hpp"
#include "common/config/variables.hpp"
#include "common/text/terminal.hpp"

namespace holdfast::config {

namespace {

// So that the text can be read again.
void escape(Value& value) {
  if (auto* text = std::get_if<std::string>(&value.data)) {
    *text = escape_variables(*text);
  } else if (auto* array = std::get_if<Array>(&value.data)) {
    for (Value& item : *array)
      escape(item);
  } else if (auto* table = std::get_if<Table>(&value.data)) {
    for (Member& member : *table)
      escape(member.value);
  }
}

void append(std::string& out, const std::string& section, const Fields& fields,
            const std::set<std::string>& secrets) {
  if (!section.empty()) out += fmt::format("\n[{}]\n", section);
  for (const Field& field : fields) {
    auto value = field.write();
    if (!value) continue;
    mask(*value, secrets);
    escape(*value);
    out += fmt::format("{} = {}\n", field.key, to_toml(*value));
  }
}

}  // namespace

std::string show(const Config& config) {
  Config copy = config;  // fields bind to members that can be written
  std::string out;
  if (!config.included.empty()) {
    out += fmt::format("# {}\n", text::for_terminal_line(config.source.native()));
    for (const std::filesystem::path& file : config.included)
      out += fmt::format("# and {}\n", text::for_terminal_line(file.native()));
  }
  append(out, "", root_fields(copy), copy.secrets);
  for (const Section& section : single_sections(copy))
    append(out, section.name, section.fields, copy.secrets);
  for (auto& [name, listen] : copy.listen)
    append(out, "listen." + name, fields_of(listen), copy.secrets);
  for (auto& [name, receiver] : copy.alert_receivers)
    append(out, "alert_receiver." + name, fields_of(receiver), copy.secrets);
  for (Program& program : copy.programs)
    append(out, "program." + program.name, fields_of(program), copy.secrets);
  for (auto& [name, rule] : copy.alert_rules)
    append(out, "alert_rule." + name, fields_of(rule), copy.secrets);
  return out;
}

}  // namespace holdfast::config
