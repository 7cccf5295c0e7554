// SPDX-License-Identifier: Apache-2.0
// The fields of [program.NAME]; section_process.cpp and section_lifecycle.cpp have the rest.
#include "common/config/names.hpp"
#include "common/config/schema.hpp"

namespace holdfast::config {

using enum ReloadEffect;

namespace {

Field command_field(Program& program) {
  Field field = texts_field("command", Roll, program.command);
  field.read = [read = field.read, &program](const Value& given, Complaints& complaints) {
    if (std::holds_alternative<std::string>(given.data)) {
      complaints.push_back({given.at,
                            "must be an array of strings, one per argument (there is no shell): "
                            "[\"program\", \"argument\"]"});
      return;
    }
    read(given, complaints);
    if (const auto* array = std::get_if<Array>(&given.data)) {
      const bool nothing =
          array->empty() || (!program.command.empty() && program.command.front().empty());
      if (nothing) complaints.push_back({given.at, "must name a program"});
    }
  };
  return field;
}

Result<std::string> check_group(const std::string& name) {
  if (is_name(name)) return name;
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' is not a name for a group: {}", name, kNameRule));
}

}  // namespace

Fields fields_of(Program& program) {
  Fields fields = {
      command_field(program),
      choice_field<ProgramType>(
          "type", Roll, program.type,
          {{"service", ProgramType::Service}, {"oneshot", ProgramType::Oneshot}}),
      count_field("replicas", Scale, program.replicas, 0, 10'000),
      count_field("min_ready", Live, program.min_ready, 0, 10'000),
      flag_field("required", Live, program.required),
      flag_field("autostart", Live, program.autostart),
      texts_field("after", Live, program.after),
      texts_field("groups", Live, program.groups, check_group),
      texts_field("sockets", Roll, program.sockets),
      count_field("port", Roll, program.port, 0, 65'535),
  };
  append_process_fields(program, fields);
  append_memory_fields(program, fields);
  append_lifecycle_fields(program, fields);
  append_schedule_fields(program, fields);
  append_watch_fields(program, fields);
  return fields;
}

}  // namespace holdfast::config
