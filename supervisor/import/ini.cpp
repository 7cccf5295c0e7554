// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/ini.hpp"

#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::supervisor::importer {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 1; i < line.size(); ++i) {
    if ((line[i] == ';' || line[i] == '#') && is_blank(line[i - 1])) return line.substr(0, i);
  }
  return line;
}

class IniReader {
 public:
  IniReader(std::string_view text, IniDialect dialect)
      : rest_(text), systemd_(dialect == IniDialect::Systemd) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  }

  std::vector<IniSection> read() {
    while (!rest_.empty()) {
      const std::string_view line = systemd_ ? next_line() : without_comment(next_line());
      const std::string_view trimmed = text::trim(line);
      if (trimmed.empty() || trimmed.front() == '#' || trimmed.front() == ';') continue;
      if (!systemd_ && is_blank(line.front()) && continue_value(trimmed)) continue;
      if (trimmed.front() == '[' && trimmed.back() == ']') {
        open_section(std::string(trimmed.substr(1, trimmed.size() - 2)));
      } else {
        assign(systemd_ ? joined(trimmed) : std::string(trimmed));
      }
    }
    return std::move(sections_);
  }

 private:
  std::string_view next_line() {
    const auto end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    return line;
  }

  void open_section(const std::string& name) {
    const auto known =
        std::find_if(sections_.begin(), sections_.end(),
                     [&](const IniSection& section) { return section.name == name; });
    section_ = static_cast<std::size_t>(known - sections_.begin());
    if (known == sections_.end()) sections_.push_back({name, {}});
    open_ = true;
  }

  // With the lines that a '\' at the end joins to it; comments between them are skipped.
  std::string joined(std::string_view line) {
    std::string out(line);
    first_ = number_;
    while (!out.empty() && out.back() == '\\' && !rest_.empty()) {
      out.back() = ' ';
      std::string_view next = text::trim(next_line());
      while (!next.empty() && (next.front() == '#' || next.front() == ';') && !rest_.empty())
        next = text::trim(next_line());
      out += next;
    }
    return out;
  }

  bool continue_value(std::string_view line) {
    if (!open_ || sections_[section_].assignments.empty()) return false;
    std::string& value = sections_[section_].assignments.back().value;
    value += '\n';
    value += line;
    return true;
  }

  void assign(const std::string& line) {
    const auto separator = systemd_ ? line.find('=') : line.find_first_of("=:");
    if (!open_ || separator == std::string::npos) return;
    std::string key(text::trim(std::string_view(line).substr(0, separator)));
    const std::string_view value = std::string_view(line).substr(separator + 1);
    if (!systemd_) key = text::to_lower(key);
    sections_[section_].assignments.push_back(
        {systemd_ ? first_ : number_, std::move(key), std::string(text::trim(value))});
  }

  std::string_view rest_;
  const bool systemd_;
  int number_ = 0;
  int first_ = 0;  // line of what is being joined
  bool open_ = false;
  std::size_t section_ = 0;
  std::vector<IniSection> sections_;
};

}  // namespace

const IniAssignment* IniSection::find(std::string_view key) const {
  const auto found = std::find_if(assignments.rbegin(), assignments.rend(),
                                  [&](const IniAssignment& one) { return one.key == key; });
  return found == assignments.rend() ? nullptr : &*found;
}

std::string IniSection::value(std::string_view key, std::string_view otherwise) const {
  const IniAssignment* const found = find(key);
  return found == nullptr ? std::string(otherwise) : found->value;
}

std::vector<IniSection> parse_ini(std::string_view text, IniDialect dialect) {
  return IniReader(text, dialect).read();
}

}  // namespace holdfast::supervisor::importer
