// SPDX-License-Identifier: Apache-2.0
#include "common/config/reader.hpp"

#include "common/config/names.hpp"
#include "common/config/schema.hpp"

#include <algorithm>

namespace holdfast::config {

namespace {

const Table* expect_table(const Member& member, const std::string& section, LoadReport& report) {
  const auto* table = std::get_if<Table>(&member.value.data);
  if (table == nullptr) {
    report.problem(member.at, "",
                   fmt::format("'{}' must be a table, [{}], not {}", member.key, section,
                               type_name(member.value)));
  }
  return table;
}

// Calls `read(name, table, section)` for each [kind.NAME].
template <class Read>
void read_named(const Member& member, LoadReport& report, Read read) {
  const std::string& kind = member.key;
  const Table* const all = expect_table(member, kind + ".NAME", report);
  if (all == nullptr) return;
  for (const Member& one : *all) {
    const std::string section = kind + "." + one.key;
    if (!is_name(one.key)) {
      report.problem(one.at, "",
                     fmt::format("'{}' is not a name for [{}.NAME]: {}", one.key, kind, kNameRule));
      continue;
    }
    const Table* const table = expect_table(one, section, report);
    if (table == nullptr) continue;
    report.note(section, one.at);
    read(one.key, *table, section);
  }
}

std::vector<std::string> known_at_top(Config& config) {
  std::vector<std::string> names{"listen", "program"};
  for (const Field& field : root_fields(config))
    names.push_back(field.key);
  for (const Section& section : single_sections(config))
    names.push_back(section.name);
  return names;
}

// Returns false if the root has no such key.
bool read_root_key(const Member& member, Config& config, LoadReport& report) {
  const Fields fields = root_fields(config);
  const bool known = std::any_of(fields.begin(), fields.end(),
                                 [&](const Field& field) { return field.key == member.key; });
  if (known) read_section({member}, "", fields, report);
  return known;
}

bool read_single(const Member& member, Config& config, LoadReport& report) {
  for (const Section& section : single_sections(config)) {
    if (section.name != member.key) continue;
    report.note(section.name, member.at);
    const Table* const table = expect_table(member, section.name, report);
    if (table != nullptr) read_section(*table, section.name, section.fields, report);
    return true;
  }
  return false;
}

}  // namespace

void read_section(const Table& table, const std::string& section, const Fields& fields,
                  LoadReport& report) {
  for (const Member& member : table) {
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field& f) { return f.key == member.key; });
    if (field == fields.end()) {
      std::vector<std::string> known;
      for (const Field& f : fields)
        known.push_back(f.key);
      report.problem(
          member.at, section,
          fmt::format("unknown key '{}'{}", member.key, did_you_mean(member.key, known)));
      continue;
    }
    report.note(section.empty() ? member.key : section + "." + member.key, member.value.at);
    Complaints complaints;
    field->read(member.value, complaints);
    for (const Complaint& complaint : complaints) {
      report.problem(complaint.at, section, fmt::format("{}: {}", member.key, complaint.message));
    }
  }
}

void read_document(const Table& document, Config& config, LoadReport& report) {
  for (const Member& member : document) {
    if (member.key == "listen") {
      read_named(member, report, [&](const auto& name, const Table& table, const auto& section) {
        read_section(table, section, fields_of(config.listen[name]), report);
      });
    } else if (member.key == "program") {
      read_named(member, report, [&](const auto& name, const Table& table, const auto& section) {
        Program program;
        program.name = name;
        read_section(table, section, fields_of(program), report);
        config.programs.push_back(std::move(program));
      });
    } else if (!read_single(member, config, report) && !read_root_key(member, config, report)) {
      const auto* table = std::get_if<Table>(&member.value.data);
      report.problem(member.at, "",
                     fmt::format("unknown {} '{}'{}", table != nullptr ? "section" : "key",
                                 member.key, did_you_mean(member.key, known_at_top(config))));
    }
  }
}

}  // namespace holdfast::config
