// SPDX-License-Identifier: Apache-2.0
#include "supervisor/watch/interest.hpp"

#include "supervisor/watch/ignore_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace holdfast::supervisor::watch {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostLookedAt = 100'000;  // files and directories, by advice()

bool is_glob(const fs::path& part) {
  return part.native().find_first_of("*?[\\") != std::string::npos;
}

// Where a pattern begins, and what is to match below.
struct Split {
  fs::path directory;
  fs::path rest;
};

Split split(const fs::path& directory, const fs::path& pattern) {
  const bool inside =
      pattern.is_relative() && std::find(pattern.begin(), pattern.end(), "..") == pattern.end();
  if (inside) return {directory, pattern.lexically_normal()};
  Split result;
  bool literal = true;
  for (const fs::path& part : pattern) {
    literal = literal && !is_glob(part);
    (literal ? result.directory : result.rest) /= part;
  }
  result.directory = (directory / result.directory).lexically_normal();
  if (!result.directory.has_filename()) result.directory = result.directory.parent_path();
  if (result.rest.empty() && result.directory.has_relative_path()) {
    result.rest = result.directory.filename();
    result.directory = result.directory.parent_path();
  }
  return result;
}

// A plain name at the end stands for a file, or for all below a directory of that name.
void add_patterns(Interest& interest, const fs::path& rest) {
  std::string text = rest.native();
  while (text.ends_with('/'))
    text.pop_back();
  if (text.empty() || text == ".") {
    interest.patterns.emplace_back("**");
    return;
  }
  interest.patterns.emplace_back(text);
  if (!is_glob(fs::path(text).filename())) interest.patterns.emplace_back(text + "/**");
}

// Looks for a file that a pattern matches and no rule ignores.
class Search {
 public:
  enum class Found { File, OnlyIgnored, Nothing, GaveUp };

  Search(const Interest& interest, const fs::path& user_file)
      : interest_(interest), rules_(interest.directory, interest.ignore, user_file) {}

  Found run() {
    look_into(interest_.directory, false);
    if (found_) return Found::File;
    if (looked_at_ >= kMostLookedAt) return Found::GaveUp;
    return found_ignored_ ? Found::OnlyIgnored : Found::Nothing;
  }

 private:
  bool over() const { return found_ || looked_at_ >= kMostLookedAt; }

  template <class Test>
  bool any(Test test) const {
    return std::any_of(interest_.patterns.begin(), interest_.patterns.end(), test);
  }

  void look_into(const fs::path& directory, bool ignored) {
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end && !over();
         entry.increment(error)) {
      ++looked_at_;
      const std::string path = entry->path().lexically_relative(interest_.directory).native();
      std::error_code unknown;
      if (entry->is_symlink(unknown)) continue;
      if (entry->is_directory(unknown)) {
        const bool reached = any([&](const auto& one) { return one.may_match_below(path); });
        // Of what is ignored, one file is enough, and none is looked for in the depth of it.
        const bool leave_out = ignored || rules_.ignores(entry->path(), true);
        if (reached && !(leave_out && found_ignored_)) look_into(entry->path(), leave_out);
      } else if (any([&](const auto& one) { return one.matches(path); })) {
        const bool leave_out = ignored || rules_.ignores(entry->path(), false);
        (leave_out ? found_ignored_ : found_) = true;
      }
    }
  }

  const Interest& interest_;
  IgnoreRules rules_;
  std::size_t looked_at_ = 0;
  bool found_ = false;
  bool found_ignored_ = false;
};

std::string advice_on(const config::Program& program, const std::string& pattern,
                      const fs::path& current, const fs::path& user_file) {
  config::Program alone = program;
  alone.watch = {pattern};
  const Interest interest = interests_of(alone, current).front();
  std::error_code ignored;
  if (!fs::is_directory(interest.directory, ignored)) {
    return fmt::format("'{}' begins in {}, which is no directory; it is looked for each second",
                       pattern, interest.directory.native());
  }
  switch (Search(interest, user_file).run()) {
    case Search::Found::OnlyIgnored:
      return fmt::format(
          "git, or watch_ignore, ignores every file that '{}' matches below {}; "
          "\"!NAME\" in watch_ignore brings files or directories back",
          pattern, interest.directory.native());
    case Search::Found::Nothing:
      return fmt::format("'{}' matches no file below {}", pattern, interest.directory.native());
    default: return {};
  }
}

}  // namespace

std::vector<Interest> interests_of(const config::Program& program, const fs::path& current) {
  std::vector<Interest> interests;
  const fs::path directory =
      (program.directory.empty() ? current : program.directory).lexically_normal();
  for (const std::string& pattern : program.watch) {
    const Split at = split(directory, pattern);
    auto known = std::find_if(interests.begin(), interests.end(), [&](const Interest& interest) {
      return interest.directory == at.directory;
    });
    if (known == interests.end()) {
      interests.push_back({program.name, at.directory, {}, program.watch_ignore, directory});
      known = std::prev(interests.end());
    }
    add_patterns(*known, at.rest);
  }
  return interests;
}

std::vector<Interest> interests_of(const std::vector<config::Program>& programs,
                                   const fs::path& current) {
  std::vector<Interest> all;
  for (const config::Program& program : programs) {
    if (config::is_scheduled(program)) continue;
    for (Interest& interest : interests_of(program, current))
      all.push_back(std::move(interest));
  }
  return all;
}

std::vector<std::string> advice(const std::vector<config::Program>& programs,
                                const fs::path& current, const fs::path& user_ignore_file) {
  std::vector<std::string> texts;
  for (const config::Program& program : programs) {
    for (const std::string& pattern : program.watch) {
      const std::string text = advice_on(program, pattern, current, user_ignore_file);
      if (!text.empty()) texts.push_back(fmt::format("[program.{}] watch: {}", program.name, text));
    }
  }
  return texts;
}

}  // namespace holdfast::supervisor::watch
