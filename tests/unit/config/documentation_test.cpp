// SPDX-License-Identifier: Apache-2.0
// docs/configuration.md and the schema say the same.
#include "common/config/environment.hpp"
#include "common/config/schema.hpp"
#include "common/os/file.hpp"
#include "tests/unit/config/support.hpp"

#include <algorithm>

namespace holdfast::config {

namespace {

std::string documentation() {
  const auto text = read_file(HOLDFAST_SOURCE_DIR "/docs/configuration.md");
  REQUIRE(text);
  return *text;
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (;;) {
    const auto at = text.find(separator, from);
    parts.push_back(text.substr(from, at - from));
    if (at == std::string::npos) return parts;
    from = at + separator.size();
  }
}

std::string without_ticks(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '`'), text.end());
  return text;
}

struct DocumentedKey {
  std::string section;
  std::string key;
  std::string type;
  std::string default_toml;
  std::string on_reload;
};

// The rows "| `key` | type | `default` | reload | meaning |" under "## `[section]`"; a default of
// "unset" means that there is none.
std::vector<DocumentedKey> documented_keys() {
  std::vector<DocumentedKey> keys;
  std::string section = "none";
  for (const std::string& line : split(documentation(), "\n")) {
    if (line.starts_with("## ")) {
      section = "none";
      if (line == "## Top of the file") section = "";
      if (line.starts_with("## `[")) section = line.substr(5, line.find(']') - 5);
    }
    if (section == "none" || !line.starts_with("| `")) continue;
    const auto cells = split(line, " | ");
    INFO(line);
    REQUIRE(cells.size() == 5);
    const std::string value = without_ticks(cells[2]);
    keys.push_back({section, without_ticks(cells[0].substr(2)), without_ticks(cells[1]),
                    value == "unset" ? "" : value, cells[3]});
    CHECK(cells[4].size() > std::string("X. |").size());
  }
  return keys;
}

std::vector<std::string> documented_lines() {
  std::vector<std::string> lines;
  for (const DocumentedKey& key : documented_keys()) {
    lines.push_back(fmt::format("[{}] {} | {} | {} | {}", key.section, key.key, key.type,
                                key.default_toml, key.on_reload));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> known_lines() {
  std::vector<std::string> lines;
  for (const KnownKey& key : known_keys()) {
    lines.push_back(fmt::format("[{}] {} | {} | {} | {}", key.section, key.key, key.type,
                                key.default_toml, to_string(key.on_reload)));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

TEST_CASE("the documentation lists every key once, with its type, default and effect on reload") {
  CHECK(documented_lines() == known_lines());
}

TEST_CASE("a file of every documented key at its documented default loads") {
  std::string text;
  std::string section;
  const auto name_section = [](std::string name) {
    const char* const one = name.starts_with("alert_rule") ? "HoldfastNotReady" : "http";
    if (const auto at = name.find("NAME"); at != std::string::npos) name.replace(at, 4, one);
    return name;
  };
  for (const DocumentedKey& key : documented_keys()) {
    if (key.section != section) text += "[" + name_section(key.section) + "]\n";
    section = key.section;
    // A program has to have a command; nothing else lacks a working default.
    const std::string value = key.key == "command" ? "[\"x\"]" : key.default_toml;
    if (!value.empty()) text += key.key + " = " + value + "\n";
  }
  INFO(text);
  const Config config = load_good(text).config;
  CHECK(config.supervisor == Supervisor{});
  CHECK(config.queue == Queue{});
  CHECK(config.http == Http{});
}

TEST_CASE("the documentation lists every variable and its _FILE form") {
  const std::string text = documentation();
  CHECK(text.find("| `PORT` |") != std::string::npos);
  for (const Variable& variable : known_variables()) {
    INFO(variable.name);
    CHECK(text.find("| `" + variable.name + "` |") != std::string::npos);
    const bool has_file_form = text.find("| `" + variable.name + "_FILE` |") != std::string::npos;
    CHECK(has_file_form == variable.secret);
  }
}

TEST_CASE("the complete example of the documentation loads without a warning") {
  const std::string text = documentation();
  const auto begin = text.find("```toml\n");
  REQUIRE(begin != std::string::npos);
  const auto end = text.find("```", begin + 8);
  REQUIRE(end != std::string::npos);
  const Loaded loaded = load_good(text.substr(begin + 8, end - begin - 8));
  CHECK(loaded.warnings.empty());
  CHECK(loaded.config.programs.size() == 4);
}

}  // namespace holdfast::config
