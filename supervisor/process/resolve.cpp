// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/resolve.hpp"

#include <unistd.h>

#include <algorithm>

namespace holdfast::supervisor::process {

namespace fs = std::filesystem;

fs::path own_directory() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

std::vector<fs::path> executable_places(const fs::path& beside, std::string_view path) {
  std::vector<fs::path> places;
  if (!beside.empty()) places.push_back(beside);
  while (!path.empty()) {
    const std::string_view entry = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(path.size(), entry.size() + 1));
    // An empty or relative entry would make the result depend on the working directory.
    if (entry.starts_with('/')) places.emplace_back(entry);
  }
  return places;
}

Result<std::string> resolve_executable(std::string_view name, const fs::path& beside,
                                       std::string_view path) {
  if (name.empty()) return fail(ErrorKind::InvalidArgument, "the command is empty");
  std::error_code error;
  if (name.find('/') != std::string_view::npos) {
    // Made absolute here, as the child may start in another directory.
    const fs::path absolute = fs::absolute(name, error);
    if (error) return fail_errno(error.value(), fmt::format("resolve '{}'", name));
    return absolute.native();
  }

  std::string tried;
  std::string not_executable;
  for (const fs::path& directory : executable_places(beside, path)) {
    const fs::path candidate = directory / name;
    if (fs::is_regular_file(candidate, error)) {
      if (::access(candidate.c_str(), X_OK) == 0) return candidate.native();
      if (not_executable.empty()) not_executable = candidate.native();
    }
    tried += fmt::format("{}{}", tried.empty() ? "" : ", ", directory.native());
  }
  if (!not_executable.empty()) {
    return fail(ErrorKind::PermissionDenied,
                fmt::format("'{}' is there but cannot be executed", not_executable));
  }
  return fail(ErrorKind::NotFound,
              fmt::format("no program '{}' in: {}", name, tried.empty() ? "(no place)" : tried));
}

}  // namespace holdfast::supervisor::process
