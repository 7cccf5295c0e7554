// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents: the configuration file and what it includes, as one document.
//
// `include = ["conf.d/*.toml"]` names files relative to the file that includes. A pattern's files
// are read in the order of their names; one that matches nothing, or the including file itself, is
// fine, but a file that is named and missing is a problem. Every section and every key outside of
// sections is in one file only: which of two would count is not left to the order of reading.
//
// Threads: one owner. Blocks for the files.

#include "common/config/load.hpp"
#include "common/config/report.hpp"
#include "common/config/value.hpp"

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace holdfast::config {

class Documents {
 public:
  // Lenient: a variable that is not set is a problem only where files are named.
  enum class Variables { Strict, Lenient };
  Documents(const Environ& known, LoadReport& report, Variables variables = Variables::Strict)
      : environ_(known), report_(report), variables_(variables) {}

  // The file itself, and what it includes. Its name is the report's.
  void read(const std::filesystem::path& file, Pipes pipes);
  void parse(const std::string& text);
  // Files that were read elsewhere, the file itself first; none is followed further.
  void parse_all(const SourceFiles& files);

  // What is left of all documents, `include` of the file itself among it; variables are replaced.
  // To be called once.
  Table merged();
  const SourceFiles& files() const { return files_; }
  std::set<std::string>& secrets() { return secrets_; }

 private:
  enum class Follow { Yes, No };
  void add(int index, std::string text, Follow follow);
  void replace(Table& table);
  void follow_includes(const Member& include, const std::filesystem::path& from);
  void include(const std::string& pattern, Position at, const std::filesystem::path& from);
  void include_file(const std::filesystem::path& file, Position at);
  void take(Table& into, Member member, const std::string& prefix);

  const Environ& environ_;
  LoadReport& report_;
  Variables variables_;
  SourceFiles files_;
  std::vector<Table> tables_;
  std::set<std::string> secrets_;
  std::vector<std::string> chain_;               // canonical paths of the files being read
  std::map<std::string, Position> included_at_;  // canonical path -> where it was included
};

}  // namespace holdfast::config
