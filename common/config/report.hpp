// SPDX-License-Identifier: Apache-2.0
#pragma once

// LoadReport: the problems and warnings found while loading, and where each key came from. Secrets
// that a message quotes are masked (common/log/redact.hpp). A check
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
  // The file itself has the index 0 (Position::file), and those that it includes follow.
  explicit LoadReport(std::string file) : files_{std::move(file)} {}
  int add_file(std::string file);
  const std::vector<std::string>& files() const { return files_; }
  std::string place(Position at) const;  // "conf.d/site.toml:3:1"

  // `path` is "section" or "section.key". A later note replaces an earlier one, as the environment
  // overrides the file.
  void note(const std::string& path, Position at);
  void note_variable(const std::string& path, const std::string& variable);
  bool given(const std::string& section, const std::string& key) const;
  // Whether what is given there was refused, so that the value is the default one.
  bool refused(const std::string& section, const std::string& key) const;

  void problem(Position at, const std::string& section, const std::string& message);
  void problem(const std::string& section, const std::string& key, const std::string& message);
  void problem_of_variable(const std::string& variable, const std::string& message);
  void warning(const std::string& section, const std::string& key, const std::string& message);
  void warning_of_variable(const std::string& variable, const std::string& message);

  bool clean() const { return problems_.empty(); }
  bool has_problem_at(Position at) const;
  // Those of each file from top to bottom, then the environment's.
  std::vector<ConfigProblem> problems() const;
  std::vector<std::string> warnings() const;

 private:
  struct Origin {
    Position at;
    std::string variable;  // not empty: the environment has set it
  };
  Origin origin_of(const std::string& section, const std::string& key) const;
  ConfigProblem at(Position at, std::string message) const;
  ConfigProblem describe(const std::string& section, const std::string& key,
                         const std::string& message) const;

  std::vector<std::string> files_;
  std::map<std::string, Origin> origins_;
  std::vector<ConfigProblem> problems_;
  std::vector<ConfigProblem> warnings_;
};

}  // namespace holdfast::config
