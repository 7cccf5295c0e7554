// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files of sections and assignments: supervisord.conf, and systemd's units. Threads: pure
// functions.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::importer {

struct IniAssignment {
  int line = 0;
  std::string key;
  std::string value;
};

struct IniSection {
  std::string name;
  std::vector<IniAssignment> assignments;  // in the order of the file; keys may repeat

  const IniAssignment* find(std::string_view key) const;  // the last one
  std::string value(std::string_view key, std::string_view otherwise = {}) const;
};

enum class IniDialect {
  // Python's ConfigParser as supervisord uses it: '=' or ':', an indented line continues a value,
  // " ;" and " #" begin a comment, keys are in any case.
  Supervisord,
  // systemd.syntax(7): '=', a line that ends with '\' continues, comments on lines of their own.
  Systemd,
};

// Lines that are neither are left out. Sections of the same name are one.
std::vector<IniSection> parse_ini(std::string_view text, IniDialect dialect);

}  // namespace holdfast::supervisor::importer
