// SPDX-License-Identifier: Apache-2.0
#pragma once

// Loading: one TOML file and the environment to one Config, or to every problem in them at once.
// Precedence: environment, file, default. Without [program.*] tables, Holdfast's own three
// programs run (see docs/configuration.md, which a test holds against this code).
//
// Threads: any; nothing here reads the process's environment but environ_of_process().

#include "common/config/config.hpp"

#include <tl/expected.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

// What is wrong, and where: line and column count from 1; both are 0 where there is no place, as
// in a file that cannot be read. `file` is "environment" if a variable is at fault; the message
// then begins with its name.
struct ConfigProblem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string message;
  bool operator==(const ConfigProblem&) const = default;
};

struct Loaded {
  Config config;
  std::vector<std::string> warnings;  // odd, but not wrong; each with its place
};

using Environ = std::map<std::string, std::string>;

// Problems are in the order of the file, then those of the environment.
using LoadResult = tl::expected<Loaded, std::vector<ConfigProblem>>;

// No file: defaults and the environment. A file that is named but cannot be read is a problem.
// Files named by NAME_FILE variables are read, too.
LoadResult load(const std::optional<std::filesystem::path>& file, const Environ& environ);

// The same for text in memory; `file_name` stands in the messages.
LoadResult load_text(std::string_view text, const std::string& file_name, const Environ& environ);

// A copy of the process's environment. Not to be called while another thread changes it.
Environ environ_of_process();

// One line per problem: "holdfast.toml:12:5: [program.api-worker] unknown key 'replica'; did you
// mean 'replicas'?".
std::string format(const std::vector<ConfigProblem>& problems);

// The configuration as TOML with every key written out, secrets masked. Without secrets in it,
// loading the text gives the same configuration again.
std::string show(const Config& config);

// What runs if the file names no program: migrate, queue-worker, api-worker.
std::vector<Program> default_programs();

}  // namespace holdfast::config
