// SPDX-License-Identifier: Apache-2.0
// [program.NAME]: what it is, what it needs, and (in the two files beside) how it runs and lives.
#include "common/config/schema.hpp"

namespace holdfast::config {

namespace {

Field command_field(Program& program) {
  Field field = texts_field("command", program.command);
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

}  // namespace

Fields fields_of(Program& program) {
  Fields fields = {
      command_field(program),
      choice_field<ProgramType>(
          "type", program.type,
          {{"service", ProgramType::Service}, {"oneshot", ProgramType::Oneshot}}),
      count_field("replicas", program.replicas, 0, 10'000),
      count_field("min_ready", program.min_ready, 0, 10'000),
      flag_field("required", program.required),
      texts_field("after", program.after),
      texts_field("sockets", program.sockets),
  };
  append_process_fields(program, fields);
  append_lifecycle_fields(program, fields);
  return fields;
}

}  // namespace holdfast::config
