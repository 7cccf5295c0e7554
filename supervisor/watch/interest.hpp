// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the programs want to hear of: the patterns of their `watch`, taken apart into directories
// and what is to match below them. Threads: any; pure, but for looking up what exists in advice().

#include "common/config/config.hpp"
#include "common/text/path_pattern.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::supervisor::watch {

struct Interest {
  std::string program;
  std::filesystem::path directory;  // absolute and normal; the patterns begin here
  std::vector<text::PathPattern> patterns;
  std::vector<std::string> ignore;  // the program's own rules
  std::filesystem::path told_from;  // files below it are told relative to it
  bool operator==(const Interest&) const = default;
};

// One per directory that the patterns begin in: `directory`, unless a pattern is absolute or leads
// out of it. `current`: where programs run that have no `directory`; absolute.
std::vector<Interest> interests_of(const config::Program& program,
                                   const std::filesystem::path& current);
std::vector<Interest> interests_of(const std::vector<config::Program>& programs,
                                   const std::filesystem::path& current);

// What a person should know of the `watch` of these programs, one sentence each: patterns that
// match no file, directories that are missing. Walks the directories, up to a limit.
std::vector<std::string> advice(const std::vector<config::Program>& programs,
                                const std::filesystem::path& current,
                                const std::filesystem::path& user_ignore_file);

}  // namespace holdfast::supervisor::watch
