// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/detect.hpp"

#include "common/text/ascii.hpp"

#include <array>

namespace holdfast::supervisor::importer {

namespace {

constexpr std::array<std::pair<std::string_view, Kind>, 4> kNames{{
    {"procfile", Kind::Procfile},
    {"supervisord", Kind::Supervisord},
    {"pm2", Kind::Pm2},
    {"systemd", Kind::Systemd},
}};

// The first line that is neither empty nor a comment of any of the kinds.
std::string_view first_line(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text::trim(text.substr(0, end), text::kWhitespace);
    if (!line.empty() && line.front() != '#' && line.front() != ';' && !line.starts_with("//"))
      return line;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return {};
}

bool has_section(std::string_view text, std::string_view beginning) {
  for (auto at = text.find(beginning); at != std::string_view::npos;
       at = text.find(beginning, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return true;
  }
  return false;
}

bool is_procfile_line(std::string_view line) {
  const auto colon = line.find(':');
  return colon != std::string_view::npos && colon > 0 && colon + 1 < line.size() &&
         text::all_of(line.substr(0, colon), [](char c) {
           return text::is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
         });
}

}  // namespace

std::string_view to_string(Kind kind) {
  return kNames[static_cast<std::size_t>(kind)].first;
}

std::optional<Kind> kind_by_name(std::string_view name) {
  for (const auto& [known, kind] : kNames) {
    if (known == name) return kind;
  }
  return {};
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kNames)
    names.emplace_back(name);
  return names;
}

std::optional<Kind> detect(const std::filesystem::path& path, std::string_view text) {
  const std::string name = path.filename().native();
  for (const char* section :
       {"[program:", "[supervisord]", "[eventlistener:", "[fcgi-program:", "[supervisorctl]"}) {
    if (has_section(text, section)) return Kind::Supervisord;
  }
  if (has_section(text, "[Service]") || has_section(text, "[Timer]") ||
      name.ends_with(".service") || name.ends_with(".timer")) {
    return Kind::Systemd;
  }
  const bool script = name.ends_with(".js") || name.ends_with(".cjs") || name.ends_with(".mjs") ||
                      name.ends_with(".json");
  const std::string_view line = first_line(text);
  if (script || line.starts_with('{') || text.find("module.exports") != std::string_view::npos)
    return Kind::Pm2;
  if (name.starts_with("Procfile") || name.ends_with(".procfile") || is_procfile_line(line))
    return Kind::Procfile;
  return {};
}

}  // namespace holdfast::supervisor::importer
