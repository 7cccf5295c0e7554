// SPDX-License-Identifier: Apache-2.0
#pragma once

// LoadReport: the problems and warnings found while loading, and where each key came from. A check
// that compares two keys points at the one that was written; for a default, at its section.
//
// Threads: one owner.

#include "common/config/load.hpp"
#include "common/config/value.hpp"

#include <map>
#include <string>
#include <vector>

namespace holdfast::config {

class LoadReport {
 public:
  explicit LoadReport(std::string file) : file_(std::move(file)) {}

  // `path` is "section" or "section.key". A later note replaces an earlier one, as the environment
  // overrides the file.
  void note(const std::string& path, Position at);
  void note_variable(const std::string& path, const std::string& variable);
  bool given(const std::string& section, const std::string& key) const;

  void problem(Position at, const std::string& section, const std::string& message);
  void problem(const std::string& section, const std::string& key, const std::string& message);
  void problem_of_variable(const std::string& variable, const std::string& message);
  void warning(const std::string& section, const std::string& key, const std::string& message);
  void warning_of_variable(const std::string& variable, const std::string& message);

  bool clean() const { return problems_.empty(); }
  std::vector<ConfigProblem> problems()
      const;  // those of the file from top to bottom, then the environment's
  std::vector<std::string> warnings() const;

 private:
  struct Origin {
    Position at;
    std::string variable;  // not empty: the environment has set it
  };
  Origin origin_of(const std::string& section, const std::string& key) const;
  ConfigProblem describe(const std::string& section, const std::string& key,
                         const std::string& message) const;

  std::string file_;
  std::map<std::string, Origin> origins_;
  std::vector<ConfigProblem> problems_;
  std::vector<ConfigProblem> warnings_;
};

}  // namespace holdfast::config
