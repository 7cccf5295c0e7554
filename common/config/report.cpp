// SPDX-License-Identifier: Apache-2.0
#include "common/config/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace holdfast::config {

namespace {

constexpr const char* kEnvironment = "environment";

std::string in_section(const std::string& section, const std::string& message) {
  return section.empty() ? message : fmt::format("[{}] {}", section, message);
}

std::string format_one(const ConfigProblem& problem) {
  std::string place = problem.file;
  if (problem.line > 0)
    place += fmt::format("{}{}:{}", place.empty() ? "" : ":", problem.line, problem.column);
  return place.empty() ? problem.message : fmt::format("{}: {}", place, problem.message);
}

}  // namespace

void LoadReport::note(const std::string& path, Position at) {
  origins_[path] = {at, {}};
}

void LoadReport::note_variable(const std::string& path, const std::string& variable) {
  origins_[path] = {{}, variable};
}

bool LoadReport::given(const std::string& section, const std::string& key) const {
  return origins_.contains(section.empty() ? key : section + "." + key);
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

ConfigProblem LoadReport::describe(const std::string& section, const std::string& key,
                                   const std::string& message) const {
  const Origin origin = origin_of(section, key);
  if (!origin.variable.empty()) {
    return {kEnvironment, 0, 0, fmt::format("{}: {}", origin.variable, message)};
  }
  return {file_, origin.at.line, origin.at.column, in_section(section, message)};
}

void LoadReport::problem(Position at, const std::string& section, const std::string& message) {
  problems_.push_back({file_, at.line, at.column, in_section(section, message)});
}

void LoadReport::problem(const std::string& section, const std::string& key,
                         const std::string& message) {
  problems_.push_back(describe(section, key, message));
}

void LoadReport::problem_of_variable(const std::string& variable, const std::string& message) {
  problems_.push_back({kEnvironment, 0, 0, fmt::format("{}: {}", variable, message)});
}

void LoadReport::warning(const std::string& section, const std::string& key,
                         const std::string& message) {
  warnings_.push_back(describe(section, key, message));
}

void LoadReport::warning_of_variable(const std::string& variable, const std::string& message) {
  warnings_.push_back({kEnvironment, 0, 0, fmt::format("{}: {}", variable, message)});
}

std::vector<ConfigProblem> LoadReport::problems() const {
  std::vector<ConfigProblem> sorted = problems_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ConfigProblem& a, const ConfigProblem& b) {
                     const auto place = [](const ConfigProblem& p) {
                       return std::make_tuple(p.file == kEnvironment, p.line, p.column);
                     };
                     return place(a) < place(b);
                   });
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
