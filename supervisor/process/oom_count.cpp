// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/oom_count.hpp"

#include "common/os/file.hpp"
#include "common/text/number.hpp"
#include "supervisor/process/cgroup.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

namespace holdfast::supervisor::process {

namespace fs = std::filesystem;

namespace {

// "rw,memory", "cpu,cpuacct"
bool lists_memory(const std::string& controllers) {
  std::istringstream words(controllers);
  for (std::string word; std::getline(words, word, ',');) {
    if (word == "memory") return true;
  }
  return false;
}

}  // namespace

fs::path own_memory_cgroup_v1(std::string_view cgroup, std::string_view mounts) {
  std::string path;
  std::istringstream lines{std::string(cgroup)};  // "4:memory:/docker/7"
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    if (lists_memory(line.substr(first + 1, second - first - 1))) path = line.substr(second + 1);
  }
  if (path.empty() || path.starts_with("/..")) return {};
  std::istringstream table{std::string(mounts)};
  for (std::string line; std::getline(table, line);) {
    const std::size_t separator = line.find(" - cgroup ");
    if (separator == std::string::npos) continue;
    if (!lists_memory(line.substr(line.rfind(' ') + 1))) continue;
    std::istringstream words(line);
    std::string skipped;
    std::string root;
    std::string mount;
    words >> skipped >> skipped >> skipped >> root >> mount;
    // A container is shown its own part of the hierarchy.
    if (root == "/") return path == "/" ? fs::path(mount) : fs::path(mount + path);
    if (path != root && !path.starts_with(root + "/")) continue;
    return mount + path.substr(root.size());
  }
  return {};
}

OomCount OomCount::of_own_group() {
  const std::string cgroup = read_file("/proc/self/cgroup").value_or("");
  const std::string mounts = read_file("/proc/self/mountinfo").value_or("");
  std::error_code ignored;
  if (const fs::path own = own_cgroup(cgroup, mounts); !own.empty()) {
    if (const fs::path file = own / "memory.events"; fs::exists(file, ignored))
      return OomCount(file);
  }
  if (const fs::path own = own_memory_cgroup_v1(cgroup, mounts); !own.empty()) {
    if (const fs::path file = own / "memory.oom_control"; fs::exists(file, ignored))
      return OomCount(file);
  }
  return OomCount({});
}

OomCount::OomCount(fs::path file) : file_(std::move(file)), seen_(kills()), before_(seen_) {}

std::uint64_t OomCount::look() {
  const std::uint64_t now = std::max(kills(), seen_);
  before_ = seen_;
  return now - std::exchange(seen_, now);
}

std::uint64_t OomCount::kills() const {
  if (file_.empty()) return 0;
  std::istringstream text(read_file(file_).value_or(""));
  std::string name;
  std::string value;
  while (text >> name >> value) {
    if (name == "oom_kill") return text::parse_number<std::uint64_t>(value).value_or(0);
  }
  return 0;
}

}  // namespace holdfast::supervisor::process
