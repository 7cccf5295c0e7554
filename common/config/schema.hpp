// SPDX-License-Identifier: Apache-2.0
#pragma once

// Schema: every section of the file as a list of fields bound to its struct. To add a key, add one
// line to one of these lists, its member to config.hpp, and a row to docs/configuration.md (a test
// compares them).
//
// One header because its readers want all sections; several sources, section_*.cpp, because each
// has the checks of its own keys.
//
// Threads: any; the fields refer to the struct that was passed in.

#include "common/config/config.hpp"
#include "common/config/fields.hpp"

#include <string>
#include <vector>

namespace holdfast::config {

Fields root_fields(Config& config);  // keys outside of any section
Fields fields_of(Supervisor& supervisor);
Fields fields_of(Listen& listen);
Fields fields_of(Program& program);
Fields fields_of(Log& log);
Fields fields_of(Metrics& metrics);
Fields fields_of(Http& http);
Fields fields_of(RateLimit& rate_limit);
Fields fields_of(Cors& cors);
Fields fields_of(Security& security);
Fields fields_of(Auth& auth);
Fields fields_of(Store& store);
Fields fields_of(Queue& queue);
Fields fields_of(Embedding& embedding);
Fields fields_of(Alerts& alerts);
Fields fields_of(AlertRule& rule);
Fields fields_of(AlertReceiver& receiver);
Fields fields_of(AlertPing& ping);

// Which of Holdfast's own workers read a section when they start: a reload rolls those when one of
// its keys with ReloadEffect::Roll has changed.
enum class Readers { None, ApiWorker, BothWorkers };

// The sections that are one table each; [listen.NAME], [program.NAME], [alert_receiver.NAME] and
// [alert_rule.NAME] are many.
struct Section {
  std::string name;
  Readers readers;
  Fields fields;
};
std::vector<Section> single_sections(Config& config);

// Parts of fields_of(Program&): what its processes are made from, when they are ready, restarted
// and stopped, when a oneshot runs, and whose files are watched.
void append_process_fields(Program& program, Fields& fields);
void append_memory_fields(Program& program, Fields& fields);
void append_lifecycle_fields(Program& program, Fields& fields);
// Those of how it is told that they are ready and healthy, and how they are replaced.
void append_probe_fields(Program& program, Fields& fields);
void append_schedule_fields(Program& program, Fields& fields);
void append_watch_fields(Program& program, Fields& fields);

// One row of the reference documentation.
struct KnownKey {
  std::string section;  // "supervisor", "program.NAME"; empty for the top of the file
  std::string key;
  std::string type;
  std::string default_toml;  // empty: unset
  ReloadEffect on_reload;
  bool operator==(const KnownKey&) const = default;
};
std::vector<KnownKey> known_keys();

}  // namespace holdfast::config
