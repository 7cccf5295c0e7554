// SPDX-License-Identifier: Apache-2.0
#include "common/config/documents.hpp"

#include "common/config/parse.hpp"
#include "common/config/variables.hpp"
#include "common/os/file.hpp"

#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <cstring>

namespace holdfast::config {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDeepest = 10;
constexpr std::size_t kLargestFile = 16u << 20;
constexpr const char* kInclude = "include";

std::string real_name(const fs::path& path) {
  std::error_code error;
  const fs::path result = fs::canonical(path, error);
  return error ? path.native() : result.native();
}

bool is_pattern(const std::string& text) {
  return text.find_first_of("*?[") != std::string::npos;
}

// The files that match, in the order of their names.
Result<std::vector<fs::path>> matches(const fs::path& pattern) {
  static thread_local std::string unreadable;
  unreadable.clear();
  const auto stop = [](const char* path, int error) {
    // A directory that is not there holds no files.
    if (error == ENOENT || error == ENOTDIR) return 0;
    unreadable = fmt::format("read '{}': {}", path, std::strerror(error));
    return 1;
  };
  glob_t found{};
  const int result = ::glob(pattern.c_str(), 0, stop, &found);
  std::vector<fs::path> files(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (!unreadable.empty()) return fail(ErrorKind::PermissionDenied, unreadable);
  if (result != 0 && result != GLOB_NOMATCH) {
    return fail(ErrorKind::ResourceExhausted, fmt::format("cannot look up '{}'", pattern.native()));
  }
  return files;
}

const Member* include_of(const Table& table) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [](const Member& member) { return member.key == kInclude; });
  return found == table.end() ? nullptr : &*found;
}

bool is_in_array(Position at, const Member* member) {
  const auto* array = member == nullptr ? nullptr : std::get_if<Array>(&member->value.data);
  return array != nullptr && std::any_of(array->begin(), array->end(),
                                         [&](const Value& item) { return item.at == at; });
}

// The strings of `include` that name files; everything else is a problem.
std::vector<Value> patterns_of(const Member& include, LoadReport& report) {
  const auto* array = std::get_if<Array>(&include.value.data);
  if (array == nullptr) {
    report.problem(
        include.value.at, "",
        fmt::format("include: must be an array of strings, not {}", type_name(include.value)));
    return {};
  }
  std::vector<Value> patterns;
  for (const Value& item : *array) {
    if (report.has_problem_at(item.at)) continue;  // a variable that is not set
    const auto* text = std::get_if<std::string>(&item.data);
    if (text != nullptr && !text->empty() && text->find('\0') == std::string::npos) {
      patterns.push_back(item);
    } else {
      report.problem(item.at, "", "include: must name files, such as \"conf.d/*.toml\"");
    }
  }
  return patterns;
}

// As part of a pattern.
std::string escaped(const fs::path& directory) {
  std::string out;
  for (const char c : directory.native()) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

void Documents::read(const fs::path& file, Pipes pipes) {
  auto text = read_file(file, kLargestFile, pipes);
  if (!text) {
    report_.problem(Position{}, "", text.error().message);
    return;
  }
  included_at_[real_name(file)] = {};
  add(0, std::move(*text), Follow::Yes);
}

void Documents::parse(const std::string& text) {
  add(0, text, Follow::Yes);
}

void Documents::parse_all(const SourceFiles& files) {
  for (std::size_t i = 0; i < files.size(); ++i)
    add(i == 0 ? 0 : report_.add_file(files[i].name), files[i].text, Follow::No);
}

void Documents::add(int index, std::string text, Follow follow) {
  const std::string name = report_.files()[static_cast<std::size_t>(index)];
  auto table = parse_toml(text, index);
  files_.push_back({name, std::move(text)});
  const std::size_t slot = tables_.size();  // before those that this one includes
  tables_.emplace_back();
  if (!table) {
    report_.problem(table.error().at, "", table.error().message);
    return;
  }
  replace(*table);
  const Member* const include = include_of(*table);
  if (include != nullptr && follow == Follow::Yes) follow_includes(*include, name);
  // That of the file itself is a key like any other. What other files include is no contradiction.
  if (include != nullptr && index != 0) table->erase(table->begin() + (include - table->data()));
  tables_[slot] = std::move(*table);
}

void Documents::replace(Table& table) {
  Complaints complaints;
  replace_variables(table, environ_, complaints, secrets_);
  for (const Complaint& complaint : complaints) {
    if (variables_ == Variables::Strict || is_in_array(complaint.at, include_of(table))) {
      report_.problem(complaint.at, "", complaint.message);
    }
  }
}

void Documents::follow_includes(const Member& include, const fs::path& from) {
  if (chain_.size() >= kDeepest) {
    report_.problem(include.at, "",
                    fmt::format("include: files include one another more than {} deep", kDeepest));
    return;
  }
  chain_.push_back(real_name(from));
  for (const Value& pattern : patterns_of(include, report_))
    this->include(std::get<std::string>(pattern.data), pattern.at, from);
  chain_.pop_back();
}

void Documents::include(const std::string& pattern, Position at, const fs::path& from) {
  if (!is_pattern(pattern)) return include_file(from.parent_path() / pattern, at);
  const auto files = matches(escaped(from.parent_path()) / fs::path(pattern));
  if (!files) {
    report_.problem(at, "", "include: " + files.error().message);
    return;
  }
  for (const fs::path& file : *files) {
    if (real_name(file) != chain_.back()) include_file(file, at);
  }
}

void Documents::include_file(const fs::path& file, Position at) {
  const std::string path = real_name(file);
  if (const auto above = std::find(chain_.begin(), chain_.end(), path); above != chain_.end()) {
    report_.problem(at, "",
                    fmt::format("include: '{}' includes itself, by {} -> {}", file.native(),
                                fmt::join(above, chain_.end(), " -> "), path));
    return;
  }
  if (const auto [before, is_new] = included_at_.emplace(path, at); !is_new) {
    report_.problem(at, "",
                    fmt::format("include: '{}' is already included at {}", file.native(),
                                report_.place(before->second)));
    return;
  }
  std::error_code error;
  if (fs::is_directory(file, error)) {
    report_.problem(at, "",
                    fmt::format("include: '{}' is a directory; write \"{}/*.toml\" for the files "
                                "in it",
                                file.native(), file.native()));
    return;
  }
  auto text = read_file(file, kLargestFile);
  if (!text) {
    report_.problem(at, "", "include: " + text.error().message);
    return;
  }
  add(report_.add_file(file.native()), std::move(*text), Follow::Yes);
}

// Adds the member, or its members if it is [program.*] or [listen.*], of which each file may have
// some.
void Documents::take(Table& into, Member member, const std::string& prefix) {
  const auto before = std::find_if(into.begin(), into.end(),
                                   [&](const Member& other) { return other.key == member.key; });
  if (before == into.end()) {
    into.push_back(std::move(member));
    return;
  }
  auto* const inner = std::get_if<Table>(&member.value.data);
  auto* const outer = std::get_if<Table>(&before->value.data);
  const bool named = prefix.empty() && (member.key == "program" || member.key == "listen");
  if (named && inner != nullptr && outer != nullptr) {
    for (Member& one : *inner)
      take(*outer, std::move(one), member.key + ".");
    return;
  }
  const std::string name = prefix + member.key;
  report_.problem(member.at, "",
                  fmt::format("{} is already {} at {}",
                              inner != nullptr ? '[' + name + ']' : '\'' + name + '\'',
                              inner != nullptr ? "defined" : "set", report_.place(before->at)));
}

Table Documents::merged() {
  Table result;
  for (Table& table : tables_) {
    for (Member& member : table)
      take(result, std::move(member), "");
  }
  tables_.clear();
  return result;
}

}  // namespace holdfast::config
