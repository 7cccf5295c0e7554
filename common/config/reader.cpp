// SPDX-License-Identifier: Apache-2.0
#include "common/config/reader.hpp"

#include "common/config/alert_names.hpp"
#include "common/config/names.hpp"
#include "common/config/schema.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

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

// [alert_rule.NAME] names an alert, as its runbook does.
void read_alert_rules(const Member& member, Config& config, LoadReport& report) {
  const Table* const all = expect_table(member, "alert_rule.NAME", report);
  if (all == nullptr) return;
  for (const Member& one : *all) {
    const std::string section = "alert_rule." + one.key;
    if (find_alert_name(one.key) == nullptr) {
      report.problem(one.at, "",
                     fmt::format("[{}]: there is no alert '{}'{}", section, one.key,
                                 did_you_mean(one.key, names_of_alerts())));
      continue;
    }
    const Table* const table = expect_table(one, section, report);
    if (table == nullptr) continue;
    report.note(section, one.at);
    read_section(*table, section, fields_of(config.alert_rules[one.key]), report);
  }
}

// Variables are text, but may stand for numbers and flags: replicas = "${REPLICAS:-2}".
Value in_type_of(const Field& field, const Value& given) {
  const auto* text = std::get_if<std::string>(&given.data);
  if (text == nullptr || given.written.empty()) return given;
  Value typed = given;
  if (field.type == "boolean" && (*text == "true" || *text == "false")) {
    typed.data = *text == "true";
  } else if (field.type == "integer" || field.type == "number") {
    if (const auto whole = text::parse_number<std::int64_t>(*text)) {
      typed.data = *whole;
    } else if (const auto number = text::parse_number<double>(*text)) {
      typed.data = *number;
    }
  }
  return typed;
}

// The message with each text that has variables as it is written: their values may be secret.
std::string without_values(std::string message, const Value& value) {
  if (const auto* array = std::get_if<Array>(&value.data)) {
    for (const Value& item : *array)
      message = without_values(std::move(message), item);
  } else if (const auto* table = std::get_if<Table>(&value.data)) {
    for (const Member& member : *table)
      message = without_values(std::move(message), member.value);
  }
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr || text->empty() || value.written.empty()) return message;
  const std::string quoted = '\'' + *text + '\'';
  if (const auto at = message.find(quoted); at != std::string::npos) {
    return message.replace(at, quoted.size(),
                           fmt::format("'{}' with its variables replaced", value.written));
  }
  for (auto at = message.find(*text); at != std::string::npos; at = message.find(*text, at)) {
    message.replace(at, text->size(), value.written);
    at += value.written.size();
  }
  return message;
}

std::vector<std::string> known_at_top(Config& config) {
  std::vector<std::string> names{"listen", "program", "alert_receiver", "alert_rule"};
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

bool has_key(const Fields& fields, const std::string& key) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const Field& field) { return field.key == key; });
}

// The sections that have this key, if it stands in the wrong one: "; it is a key of [log]".
std::string where_it_belongs(const std::string& key) {
  Config config;
  Program program;
  Listen listen;
  AlertReceiver receiver;
  AlertRule rule;
  std::vector<std::string> homes;
  if (has_key(root_fields(config), key)) homes.emplace_back("the top of the file");
  for (const Section& section : single_sections(config)) {
    if (has_key(section.fields, key)) homes.push_back(fmt::format("[{}]", section.name));
  }
  if (has_key(fields_of(listen), key)) homes.emplace_back("[listen.NAME]");
  if (has_key(fields_of(program), key)) homes.emplace_back("[program.NAME]");
  if (has_key(fields_of(receiver), key)) homes.emplace_back("[alert_receiver.NAME]");
  if (has_key(fields_of(rule), key)) homes.emplace_back("[alert_rule.NAME]");
  if (homes.empty()) return {};
  return fmt::format("; it is a key of {}", fmt::join(homes, ", "));
}

// What may have been meant by a key that is not known here.
std::string hint_for(const std::string& key, const std::vector<std::string>& known) {
  const std::string elsewhere = where_it_belongs(key);
  return elsewhere.empty() ? did_you_mean(key, known) : elsewhere;
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
      report.problem(member.at, section,
                     fmt::format("unknown key '{}'{}", member.key, hint_for(member.key, known)));
      continue;
    }
    report.note(section.empty() ? member.key : section + "." + member.key, member.value.at);
    Complaints complaints;
    field->read(in_type_of(*field, member.value), complaints);
    // Where a variable is not set, the rest follows from that.
    complaints.erase(std::remove_if(complaints.begin(), complaints.end(),
                                    [&](const Complaint& complaint) {
                                      return report.has_problem_at(complaint.at);
                                    }),
                     complaints.end());
    for (const Complaint& complaint : complaints) {
      report.problem(
          complaint.at, section,
          fmt::format("{}: {}", member.key, without_values(complaint.message, member.value)));
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
    } else if (member.key == "alert_rule") {
      read_alert_rules(member, config, report);
    } else if (member.key == "alert_receiver") {
      read_named(member, report, [&](const auto& name, const Table& table, const auto& section) {
        read_section(table, section, fields_of(config.alert_receivers[name]), report);
      });
    } else if (!read_single(member, config, report) && !read_root_key(member, config, report)) {
      const bool section = std::get_if<Table>(&member.value.data) != nullptr;
      const std::vector<std::string> known = known_at_top(config);
      report.problem(
          member.at, "",
          fmt::format("unknown {} '{}'{}", section ? "section" : "key", member.key,
                      section ? did_you_mean(member.key, known) : hint_for(member.key, known)));
    }
  }
}

}  // namespace holdfast::config
