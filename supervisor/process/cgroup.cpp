// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/cgroup.hpp"

#include "common/os/file.hpp"
#include "common/text/number.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

namespace holdfast::supervisor::process {

namespace fs = std::filesystem;

namespace {

constexpr const char* kOwnGroup = "holdfast.supervisor";
constexpr const char* kWorkers = "holdfast.workers";

Result<void> write_value(const fs::path& file, const std::string& value) {
  const Fd fd(::open(file.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (!fd) return fail_errno(errno, fmt::format("open '{}'", file.native()));
  if (::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size()))
    return fail_errno(errno, fmt::format("write '{}' to '{}'", value, file.native()));
  return {};
}

std::vector<std::string> words_of(const fs::path& file) {
  std::istringstream text(read_file(file).value_or(""));
  std::vector<std::string> words;
  for (std::string word; text >> word;)
    words.push_back(word);
  return words;
}

Result<void> make_group(const fs::path& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return fail_errno(errno, fmt::format("make the cgroup '{}'", path.native()));
}

// systemd sets both on the group of a unit with Delegate=yes; only root reads the second.
bool is_marked(const fs::path& path) {
  for (const char* name : {"user.delegate", "trusted.delegate"}) {
    char value[4] = {};
    if (::getxattr(path.c_str(), name, value, sizeof value) == 1 && value[0] == '1') return true;
  }
  return false;
}

// The directories of groups are the only ones in a group.
std::vector<fs::path> groups_below(const fs::path& path) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(path, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) found.push_back(at->path());
  }
  return found;
}

void add_processes(const fs::path& group, std::vector<pid_t>& found) {
  for (const std::string& word : words_of(group / "cgroup.procs")) {
    if (const auto pid = text::parse_number<pid_t>(word)) found.push_back(*pid);
  }
  for (const fs::path& below : groups_below(group))
    add_processes(below, found);
}

// Fails where something runs, which is right.
void remove_groups(const fs::path& group) {
  for (const fs::path& below : groups_below(group))
    remove_groups(below);
  ::rmdir(group.c_str());
}

// "memory pids" -> those turned on for the groups below.
void turn_on(const fs::path& group) {
  for (const char* controller : {"cpu", "memory", "pids"}) {
    // One by one: what one lacks must not cost the others.
    std::ignore = write_value(group / "cgroup.subtree_control", fmt::format("+{}", controller));
  }
}

std::string number_or_max(std::uint64_t value) {
  return value == 0 ? "max" : std::to_string(value);
}

}  // namespace

fs::path own_cgroup(std::string_view cgroup, std::string_view mounts) {
  std::string path;
  std::istringstream lines{std::string(cgroup)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::")) path = line.substr(3);
  }
  // Outside of our own namespace's root: not ours to touch.
  if (path.empty() || path.starts_with("/..")) return {};
  std::istringstream table{std::string(mounts)};
  for (std::string line; std::getline(table, line);) {
    const std::size_t separator = line.find(" - cgroup2 ");
    if (separator == std::string::npos) continue;
    std::istringstream words(line);
    std::string skipped;
    std::string root;
    std::string mount;
    words >> skipped >> skipped >> skipped >> root >> mount;
    // A mount of a part of the hierarchy shows that part only.
    if (root != "/" && path != root && !path.starts_with(root + "/")) continue;
    if (root != "/") path = path.substr(root.size());
    return (mount + path).ends_with('/') ? fs::path(mount) : fs::path(mount + path);
  }
  return {};
}

Cgroup::~Cgroup() {
  if (!path_.empty()) remove_groups(path_);
}

Result<void> Cgroup::apply(const CgroupLimits& limits) const {
  const auto set = [&](const char* file, const std::string& value) -> Result<void> {
    if (::access((path_ / file).c_str(), F_OK) != 0) return {};
    return write_value(path_ / file, value);
  };
  constexpr std::uint32_t kDefaultWeight = 100;
  HOLDFAST_TRY(set("memory.max", number_or_max(limits.memory_max)));
  HOLDFAST_TRY(set("pids.max", number_or_max(limits.pids_max)));
  return set("cpu.weight",
             std::to_string(limits.cpu_weight == 0 ? kDefaultWeight : limits.cpu_weight));
}

Result<Fd> Cgroup::entrance() const {
  Fd fd(::open((path_ / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, fmt::format("open the cgroup '{}'", path_.native()));
  return fd;
}

Result<void> Cgroup::kill() const {
  return write_value(path_ / "cgroup.kill", "1");
}

std::vector<pid_t> Cgroup::processes() const {
  std::vector<pid_t> found;
  add_processes(path_, found);
  return found;
}

std::uint64_t Cgroup::oom_kills() const {
  const std::vector<std::string> words = words_of(path_ / "memory.events");
  const auto at = std::find(words.begin(), words.end(), "oom_kill");
  if (at == words.end() || at + 1 == words.end()) return 0;
  return text::parse_number<std::uint64_t>(*(at + 1)).value_or(0);
}

Cgroups Cgroups::set_up(bool first) {
  const fs::path own = own_cgroup(read_file("/proc/self/cgroup").value_or(""),
                                  read_file("/proc/self/mountinfo").value_or(""));
  if (own.empty()) return Cgroups("there is no cgroup v2 hierarchy");
  const bool own_namespace = first && read_file("/proc/self/cgroup").value_or("") == "0::/\n";
  if (!is_marked(own) && !own_namespace)
    return Cgroups("no cgroup was delegated (systemd: Delegate=yes)");
  if (::access((own / "cgroup.procs").c_str(), W_OK) != 0) {
    return Cgroups(fmt::format("the cgroup '{}' is not writable (systemd: ProtectControlGroups=no)",
                               own.native()));
  }
  return in(own);
}

Cgroups Cgroups::in(fs::path delegated) {
  const fs::path own = delegated / kOwnGroup;
  const fs::path workers = delegated / kWorkers;
  auto made = make_group(own);
  if (made) made = make_group(workers);
  if (made) made = write_value(own / "cgroup.procs", std::to_string(::getpid()));
  if (!made) return Cgroups(made.error().message);
  turn_on(delegated);
  turn_on(workers);
  Cgroups result{std::string()};
  result.path_ = workers;
  for (const std::string& name : words_of(workers / "cgroup.subtree_control")) {
    if (name == "cpu" || name == "memory" || name == "pids") result.controllers_.push_back(name);
  }
  return result;
}

bool Cgroups::enforces(const char* controller) const {
  return std::find(controllers_.begin(), controllers_.end(), controller) != controllers_.end();
}

Result<Cgroup> Cgroups::make(const std::string& name) const {
  const fs::path path = path_ / name;
  HOLDFAST_TRY(make_group(path));
  return Cgroup(path);
}

}  // namespace holdfast::supervisor::process
