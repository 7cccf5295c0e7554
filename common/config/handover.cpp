// SPDX-License-Identifier: Apache-2.0
#include "common/config/handover.hpp"

#include "common/config/parse.hpp"
#include "common/config/reader.hpp"
#include "common/config/report.hpp"
#include "common/config/schema.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <array>

namespace holdfast::config {

namespace {

constexpr const char* kName = "the configuration from the supervisor";

// The supervisor has applied them, and the worker has their variables already.
constexpr std::array<std::string_view, 3> kLeftOut{"environment", "env_file", "inherit"};

void append_section(std::string& out, const std::string& section, const Fields& fields) {
  if (!section.empty()) out += fmt::format("\n[{}]\n", section);
  for (const Field& field : fields) {
    const auto value = field.write();
    if (value) out += fmt::format("{} = {}\n", field.key, to_toml(*value));
  }
}

Fields without_environment(Fields fields) {
  fields.erase(std::remove_if(fields.begin(), fields.end(),
                              [](const Field& field) {
                                return std::find(kLeftOut.begin(), kLeftOut.end(), field.key) !=
                                       kLeftOut.end();
                              }),
               fields.end());
  return fields;
}

std::string text_of_configuration(Config config, const std::string& program) {
  std::string out;
  append_section(out, "", root_fields(config));
  for (const Section& section : single_sections(config)) {
    // Its URL is a secret, and no worker has a use for it.
    if (section.name != "alert_ping") append_section(out, section.name, section.fields);
  }
  for (auto& [name, listen] : config.listen)
    append_section(out, "listen." + name, fields_of(listen));
  for (Program& candidate : config.programs) {
    if (candidate.name != program) continue;
    append_section(out, "program." + program, without_environment(fields_of(candidate)));
  }
  return out;
}

// The line of a text of configuration that is not UTF-8 as its key, "[store] url".
std::optional<std::string> key_that_is_not_utf8(std::string_view text) {
  const std::size_t at = text::find_invalid_utf8(text);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, at);
  const std::size_t line = before.rfind('\n') + 1;  // 0 in the first one
  const std::string_view key = before.substr(line, before.find(" = ", line) - line);
  const std::size_t section = before.rfind("\n[");
  if (section == std::string_view::npos) return std::string(key);
  return fmt::format("{} {}",
                     before.substr(section + 1, before.find('\n', section + 1) - section - 1), key);
}

}  // namespace

Result<std::string> handover_text(const Config& config, const std::string& program) {
  std::string text = text_of_configuration(config, program);
  const LoadResult again = load_handover(text);
  // The messages could quote secrets.
  if (!again || text_of_configuration(again->config, program) != text) {
    const std::string key = key_that_is_not_utf8(text).value_or("a value");
    return fail(
        ErrorKind::InvalidArgument,
        fmt::format("{} is not UTF-8, so that it cannot be handed to Holdfast's workers: look "
                    "at the variables of the environment that it is made of",
                    key));
  }
  return text;
}

LoadResult load_handover(std::string_view text) {
  LoadReport report(kName);
  const auto document = parse_toml(text);
  if (!document) {
    report.problem(document.error().at, "", document.error().message);
    return tl::unexpected(report.problems());
  }
  Config config;
  read_document(*document, config, report);
  if (!report.clean()) return tl::unexpected(report.problems());
  return Loaded{std::move(config), {}};
}

}  // namespace holdfast::config
