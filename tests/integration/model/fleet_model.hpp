// SPDX-License-Identifier: Apache-2.0
#pragma once

// FleetModel: what an administrator would expect of the fleet after each command, and nothing of
// how it gets there. Deliberately simple: no time, no processes, no transitions. Pure.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace holdfast::test {

struct ModelProgram {
  std::string kind;            // what it does when it is told to stop, …: see toml_of()
  int version = 0;             // goes into its environment: a changed one is rolled in
  std::uint32_t replicas = 1;  // as the file says
  int threshold = 0;           // a setting that only the supervisor reads

  std::uint32_t wanted = 1;             // replicas after scaling
  bool runs = true;                     // slots that come are to run
  std::map<std::uint32_t, bool> slots;  // number -> is to run
};

class FleetModel {
 public:
  // Commands that are answered with "ok".
  void start(const std::string& target) { set_runs(target, true); }
  void stop(const std::string& target) { set_runs(target, false); }
  void restart(const std::string& target) { set_runs(target, true); }
  void scale(const std::string& name, std::uint32_t count);

  // The file as it is to be next; takes effect with reload().
  std::vector<std::pair<std::string, ModelProgram>>& file() { return file_; }
  std::string file_text() const;
  void reload();

  const std::map<std::string, ModelProgram>& programs() const { return programs_; }
  bool knows(const std::string& target) const;

 private:
  void set_runs(const std::string& target, bool runs);

  std::vector<std::pair<std::string, ModelProgram>> file_;
  std::map<std::string, ModelProgram> programs_;
};

}  // namespace holdfast::test
