// SPDX-License-Identifier: Apache-2.0
#pragma once

// Loads one TOML file and the environment into one Config, or reports every problem in them at
// once. Precedence: environment, file, default. Without [program.*] tables, Holdfast's own three
// programs run (see docs/configuration.md, which a test holds against this code).
//
// Threads: any. Only environ_of_process() reads the process's environment.

#include "common/config/config.hpp"
#include "common/os/file.hpp"

#include <tl/expected.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

// What is wrong, and where. Line and column count from 1; both are 0 if there is no position, for
// instance if the file cannot be read. `file` is "environment" if a variable is at fault; the
// message then begins with its name.
struct ConfigProblem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string message;
  bool operator==(const ConfigProblem&) const = default;
};

// One file of a configuration, as it was read.
struct SourceFile {
  std::string name;
  std::string text;
  bool operator==(const SourceFile&) const = default;
};
using SourceFiles = std::vector<SourceFile>;  // the file itself, then what it includes

struct Loaded {
  Config config;
  std::vector<std::string> warnings;  // each with its position
};

using Environ = std::map<std::string, std::string>;

// Problems are in the order of the files, then those of the environment.
using LoadResult = tl::expected<Loaded, std::vector<ConfigProblem>>;

inline constexpr const char* kDefaultFile = "/etc/holdfast/holdfast.toml";

// The file to load: the one that the command line gives, else HOLDFAST_CONFIG, else the default one
// if it exists.
std::optional<std::filesystem::path> find_file(
    const std::optional<std::filesystem::path>& given, const Environ& environ,
    const std::filesystem::path& default_file = kDefaultFile);

// No file: defaults and the environment. A file that cannot be read is a problem. Also reads what
// the file includes (documents.hpp), and the files that NAME_FILE variables name. `pipes` is about
// the file and those of the variables, which a person may give as "<(command)".
LoadResult load(const std::optional<std::filesystem::path>& file, const Environ& environ,
                Pipes pipes = Pipes::Refused);

// The same for text in memory; `file_name` appears in the messages, and what the text includes is
// relative to it.
LoadResult load_text(std::string_view text, const std::string& file_name, const Environ& environ);

// The texts of a file and of what it includes, for load_files() in another process. Only what
// concerns reading can be a problem.
tl::expected<SourceFiles, std::vector<ConfigProblem>> read_sources(
    const std::filesystem::path& file, const Environ& environ);
LoadResult load_files(const SourceFiles& files, const Environ& environ);

// Where a supervisor with this file has its sockets: for commands that only need to find it, also
// if the file is invalid, or needs variables that only the supervisor has.
std::filesystem::path find_runtime_dir(const std::optional<std::filesystem::path>& file,
                                       const Environ& environ);

// A copy of the process's environment. Not to be called while another thread changes it.
Environ environ_of_process();

// One line per problem: "holdfast.toml:12:5: [program.api-worker] unknown key 'replica'; did you
// mean 'replicas'?".
std::string format(const std::vector<ConfigProblem>& problems);

}  // namespace holdfast::config
