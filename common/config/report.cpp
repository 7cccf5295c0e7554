// SPDX-License-Identifier: Apache-2.0
#include "common/config/report.hpp"

#include "common/log/redact.hpp"
#include "common/text/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace holdfast::config {

namespace {

constexpr const char* kEnvironment = "environment";

std::string in_section(const std::string& section, const std::string& message) {
  return section.empty() ? message : fmt::format("[{}] {}", section, message);
}

std::string format_place(const std::string& file, int line, int column) {
  if (line == 0) return file;
  return fmt::format("{}{}{}:{}", file, file.empty() ? "" : ":", line, column);
}

ConfigProblem of_variable(const std::string& variable, const std::string& message) {
  return {kEnvironment, 0, 0, fmt::format("{}: {}", variable, log::redact_text(message))};
}

std::string format_one(const ConfigProblem& problem) {
  const std::string place = format_place(problem.file, problem.line, problem.column);
  // It quotes names and values, and stays on its line.
  return text::for_terminal_line(place.empty() ? problem.message
                                               : fmt::format("{}: {}", place, problem.message));
}

}  // namespace

int LoadReport::add_file(std::string file) {
  files_.push_back(std::move(file));
  return static_cast<int>(files_.size()) - 1;
}

std::string LoadReport::place(Position at) const {
  return format_place(files_[static_cast<std::size_t>(at.file)], at.line, at.column);
}

void LoadReport::note(const std::string& path, Position at) {
  origins_[path] = {at, {}};
}

void LoadReport::note_variable(const std::string& path, const std::string& variable) {
  origins_[path] = {{}, variable};
}

bool LoadReport::given(const std::string& section, const std::string& key) const {
  return origins_.contains(section.empty() ? key : section + "." + key);
}

bool LoadReport::refused(const std::string& section, const std::string& key) const {
  const auto origin = origins_.find(section.empty() ? key : section + "." + key);
  return origin != origins_.end() && origin->second.variable.empty() &&
         has_problem_at(origin->second.at);
}

LoadReport::Origin LoadReport::origin_of(const std::string& section, const std::string& key) const {
  std::string path = section.empty() ? key : section + "." + key;
  for (;;) {
    if (const auto found = origins_.find(path); found != origins_.end()) return found->second;
    const auto dot = path.rfind('.');
    if (dot == std::string::npos) return {};
    path.resize(dot);
  }
}

ConfigProblem LoadReport::at(Position at, std::string message) const {
  return {files_[static_cast<std::size_t>(at.file)], at.line, at.column, log::redact_text(message)};
}

ConfigProblem LoadReport::describe(const std::string& section, const std::string& key,
                                   const std::string& message) const {
  const Origin origin = origin_of(section, key);
  if (!origin.variable.empty()) {
    return of_variable(origin.variable, message);
  }
  return at(origin.at, in_section(section, message));
}

void LoadReport::problem(Position at, const std::string& section, const std::string& message) {
  problems_.push_back(this->at(at, in_section(section, message)));
}

void LoadReport::problem(const std::string& section, const std::string& key,
                         const std::string& message) {
  problems_.push_back(describe(section, key, message));
}

bool LoadReport::has_problem_at(Position at) const {
  const ConfigProblem there = this->at(at, {});
  return std::any_of(problems_.begin(), problems_.end(), [&](const ConfigProblem& problem) {
    return problem.file == there.file && problem.line == there.line &&
           problem.column == there.column;
  });
}

void LoadReport::problem_of_variable(const std::string& variable, const std::string& message) {
  problems_.push_back(of_variable(variable, message));
}

void LoadReport::warning(const std::string& section, const std::string& key,
                         const std::string& message) {
  warnings_.push_back(describe(section, key, message));
}

void LoadReport::warning_of_variable(const std::string& variable, const std::string& message) {
  warnings_.push_back(of_variable(variable, message));
}

std::vector<ConfigProblem> LoadReport::problems() const {
  std::vector<ConfigProblem> sorted = problems_;
  const auto place = [this](const ConfigProblem& p) {
    const auto file = std::find(files_.begin(), files_.end(), p.file) - files_.begin();
    return std::make_tuple(p.file == kEnvironment, file, p.line, p.column);
  };
  std::stable_sort(
      sorted.begin(), sorted.end(),
      [&](const ConfigProblem& a, const ConfigProblem& b) { return place(a) < place(b); });
  return sorted;
}

std::vector<std::string> LoadReport::warnings() const {
  std::vector<std::string> texts;
  for (const ConfigProblem& warning : warnings_)
    texts.push_back(format_one(warning));
  return texts;
}

std::string format(const std::vector<ConfigProblem>& problems) {
  std::string out;
  for (const ConfigProblem& problem : problems) {
    if (!out.empty()) out += '\n';
    out += format_one(problem);
  }
  return out;
}

}  // namespace holdfast::config
