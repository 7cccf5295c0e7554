// SPDX-License-Identifier: Apache-2.0
#include "supervisor/watch/ignore_rules.hpp"

#include "common/os/file.hpp"

#include <optional>
#include <utility>

namespace holdfast::supervisor::watch {

namespace {

namespace fs = std::filesystem;

// Swap, backup and lock files of vi, Emacs, Kate and the JetBrains editors, and macOS's notes.
constexpr std::string_view kEditors =
    "*~\n.*.sw?\n.*.swpx\n4913\n.#*\n\\#*#\n*.kate-swp\n*___jb_tmp___\n*___jb_old___\n.DS_Store\n";

bool is_version_control(const fs::path& name) {
  return name == ".git" || name == ".hg" || name == ".svn" || name == ".jj";
}

fs::path working_tree_of(const fs::path& directory) {
  std::error_code ignored;
  for (fs::path at = directory;; at = at.parent_path()) {
    if (fs::exists(at / ".git", ignored)) return at;
    if (!at.has_relative_path()) return {};
  }
}

// Never blocks on what is no ordinary file.
std::string text_of(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return {};
  return read_file(path).value_or(std::string());
}

std::string first_line_of(const fs::path& path) {
  const std::string text = text_of(path);
  return text.substr(0, text.find('\n'));
}

// In a worktree or a submodule, .git is a file that says where the repository is, and that may say
// where the directory is which it shares with the main one.
fs::path exclude_file_of(const fs::path& working_tree) {
  constexpr std::string_view kLink = "gitdir: ";
  fs::path repository = working_tree / ".git";
  const std::string link = first_line_of(repository);
  if (link.starts_with(kLink)) repository = working_tree / link.substr(kLink.size());
  const std::string common = first_line_of(repository / "commondir");
  return (common.empty() ? repository : repository / common) / "info/exclude";
}

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  while (line.ends_with(' ') && !line.ends_with("\\ "))
    line.remove_suffix(1);
  return line;
}

}  // namespace

IgnoreFile::IgnoreFile(std::string_view text) {
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    add(without_end(text.substr(0, newline)));
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
}

void IgnoreFile::add(std::string_view line) {
  if (line.empty() || line.front() == '#') return;
  const bool keeps = line.front() == '!';
  if (keeps) line.remove_prefix(1);
  const bool directories_only = line.ends_with('/');
  if (directories_only) line.remove_suffix(1);
  if (line.empty()) return;
  // A slash in it binds a pattern to the directory of its file.
  std::string pattern(line);
  if (line.find('/') == std::string_view::npos) pattern.insert(0, "**/");
  rules_.push_back({text::PathPattern(pattern), directories_only, keeps});
}

IgnoreFile::Verdict IgnoreFile::judge(std::string_view path, bool is_directory) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->directories_only && !is_directory) continue;
    if (rule->pattern.matches(path)) return rule->keeps ? Verdict::Kept : Verdict::Ignored;
  }
  return Verdict::None;
}

IgnoreRules::IgnoreRules(fs::path directory, const std::vector<std::string>& own,
                         fs::path user_file)
    : directory_(std::move(directory)),
      root_(working_tree_of(directory_)),
      user_file_(std::move(user_file)) {
  std::string lines;
  for (const std::string& line : own)
    lines += line + "\n";
  own_ = IgnoreFile(lines);
  if (root_.empty()) {
    root_ = directory_;
  } else {
    exclude_ = exclude_file_of(root_);
  }
}

bool IgnoreRules::ignores(const fs::path& path, bool is_directory) {
  fs::path at = directory_;
  const fs::path relative = path.lexically_relative(directory_);
  for (auto part = relative.begin(); part != relative.end(); ++part) {
    if (is_version_control(*part)) return true;
    at /= *part;
    const bool last = std::next(part) == relative.end();
    if (ignores_itself(at, last ? is_directory : true)) return true;
  }
  return false;
}

bool IgnoreRules::ignores_itself(const fs::path& path, bool is_directory) {
  const auto judged = [&](const IgnoreFile& rules, const fs::path& base) -> std::optional<bool> {
    const auto verdict = rules.judge(path.lexically_relative(base).native(), is_directory);
    if (verdict == IgnoreFile::Verdict::None) return std::nullopt;
    return verdict == IgnoreFile::Verdict::Ignored;
  };
  if (const auto answer = judged(own_, directory_)) return *answer;
  // The nearest file decides.
  for (fs::path directory = path.parent_path();; directory = directory.parent_path()) {
    if (const auto answer = judged(file(directory / ".gitignore"), directory)) return *answer;
    if (directory == root_ || !directory.has_relative_path()) break;
  }
  if (!exclude_.empty()) {
    if (const auto answer = judged(file(exclude_), root_)) return *answer;
  }
  if (!user_file_.empty()) {
    if (const auto answer = judged(file(user_file_), root_)) return *answer;
  }
  static const IgnoreFile kEditorRules(kEditors);
  return judged(kEditorRules, root_).value_or(false);
}

const IgnoreFile& IgnoreRules::file(const fs::path& path) {
  const auto known = files_.find(path);
  if (known != files_.end()) return known->second;
  return files_.emplace(path, IgnoreFile(text_of(path))).first->second;
}

fs::path user_ignore_file(const std::map<std::string, std::string>& environment) {
  const auto value = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  if (const std::string config = value("XDG_CONFIG_HOME"); !config.empty())
    return fs::path(config) / "git/ignore";
  if (const std::string home = value("HOME"); !home.empty())
    return fs::path(home) / ".config/git/ignore";
  return {};
}

}  // namespace holdfast::supervisor::watch
