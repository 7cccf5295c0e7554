// SPDX-License-Identifier: Apache-2.0
#include "common/config/show.hpp"

#include "common/config/schema.hpp"
#include "common/log/redact.hpp"
#include "common/text/ascii.hpp"

namespace holdfast::config {

namespace {

// The variables of a program may contain anything; only their names can tell secrets.
bool sounds_secret(std::string_view variable) {
  const std::string name = text::to_lower(variable);
  for (const char* part : {"password", "passwd", "secret", "token", "key", "credential"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

void mask(Value& value) {
  if (auto* text = std::get_if<std::string>(&value.data)) {
    *text = log::redact_url(*text);
  } else if (auto* array = std::get_if<Array>(&value.data)) {
    for (Value& item : *array)
      mask(item);
  } else if (auto* table = std::get_if<Table>(&value.data)) {
    for (Member& member : *table) {
      auto* inner = std::get_if<std::string>(&member.value.data);
      if (inner != nullptr && sounds_secret(member.key)) *inner = std::string(log::kRedacted);
      mask(member.value);
    }
  }
}

void append(std::string& out, const std::string& section, const Fields& fields) {
  if (!section.empty()) out += fmt::format("\n[{}]\n", section);
  for (const Field& field : fields) {
    auto value = field.write();
    if (!value) continue;
    mask(*value);
    out += fmt::format("{} = {}\n", field.key, to_toml(*value));
  }
}

}  // namespace

std::string show(const Config& config) {
  Config copy = config;  // fields bind to members that can be written
  std::string out;
  append(out, "", root_fields(copy));
  for (const Section& section : single_sections(copy))
    append(out, section.name, section.fields);
  for (auto& [name, listen] : copy.listen)
    append(out, "listen." + name, fields_of(listen));
  for (Program& program : copy.programs)
    append(out, "program." + program.name, fields_of(program));
  return out;
}

}  // namespace holdfast::config
