// SPDX-License-Identifier: Apache-2.0
#include "common/config/uses.hpp"

#include "common/config/schema.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

namespace holdfast::config {

namespace {

using Uses = std::map<std::string, std::size_t>;

// A worker's start is what reads these; of [log], the rest is the supervisor's own.
constexpr std::string_view kLogKeys[]{"level", "format"};
constexpr std::string_view kQueueWorkerSections[]{"log", "store", "queue", "embedding"};
constexpr std::string_view kSupervisorSections[]{"supervisor", "metrics"};

template <std::size_t N>
bool contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::size_t digest(const Fields& fields, const std::function<bool(std::string_view)>& counts) {
  std::string text;
  for (const Field& field : fields) {
    if (!counts(field.key)) continue;
    const auto value = field.write();
    text += field.key + '=' + (value ? to_toml(*value) : std::string()) + '\n';
  }
  return std::hash<std::string>{}(text);
}

Uses section_digests(Config& config) {
  Uses digests;
  for (const Section& section : single_sections(config)) {
    const bool is_log = section.name == "log";
    digests[section.name] = digest(
        section.fields, [&](std::string_view key) { return !is_log || contains(kLogKeys, key); });
  }
  return digests;
}

bool reads(std::string_view program, std::string_view section) {
  if (program == "holdfast-queue-worker") return contains(kQueueWorkerSections, section);
  return program == "holdfast-api-worker" && !contains(kSupervisorSections, section);
}

}  // namespace

void note_uses(Config& config) {
  const Uses sections = section_digests(config);
  for (Program& program : config.programs) {
    program.uses.clear();
    for (const std::string& name : program.sockets) {
      const auto listen = config.listen.find(name);
      if (listen == config.listen.end()) continue;
      program.uses["listen." + name] =
          digest(fields_of(listen->second), [](std::string_view key) { return key == "address"; });
    }
    // A oneshot has had its run.
    if (program.type == ProgramType::Oneshot || program.command.empty()) continue;
    const std::string name = std::filesystem::path(program.command.front()).filename();
    for (const auto& [section, value] : sections) {
      if (reads(name, section)) program.uses.emplace(section, value);
    }
  }
}

}  // namespace holdfast::config
