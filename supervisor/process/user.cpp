// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/user.hpp"

#include "common/text/number.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <utility>

namespace holdfast::supervisor::process {

namespace {

constexpr std::size_t kEntryBytes = 64 * 1024;  // far above any real passwd or group entry

Result<gid_t> look_up_group(const std::string& group) {
  std::vector<char> buffer(kEntryBytes);
  ::group entry{};
  ::group* found = nullptr;
  const int error = ::getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return entry.gr_gid;
  if (const auto number = text::parse_number<unsigned>(group)) return *number;
  if (error != 0) return fail_errno(error, fmt::format("look up group '{}'", group));
  return fail(ErrorKind::NotFound, fmt::format("there is no group '{}'", group));
}

std::vector<gid_t> groups_of(const std::string& user, gid_t primary) {
  std::vector<gid_t> groups(32);
  for (;;) {
    int count = static_cast<int>(groups.size());
    if (::getgrouplist(user.c_str(), primary, groups.data(), &count) >= 0) {
      groups.resize(static_cast<std::size_t>(count));
      return groups;
    }
    groups.resize(static_cast<std::size_t>(count) + 32);
  }
}

}  // namespace

Result<User> look_up_user(const std::string& user, const std::string& group) {
  // A group alone: the user stays.
  if (user.empty() && !group.empty()) return look_up_user(std::to_string(::geteuid()), group);
  std::vector<char> buffer(kEntryBytes);
  passwd entry{};
  passwd* found = nullptr;
  int error = ::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  const auto number = text::parse_number<unsigned>(user);
  if (found == nullptr && number) {
    error = ::getpwuid_r(*number, &entry, buffer.data(), buffer.size(), &found);
  }

  User result;
  if (found != nullptr) {
    result.name = entry.pw_name;
    result.home = entry.pw_dir;
    result.identity.uid = entry.pw_uid;
    result.identity.gid = entry.pw_gid;
  } else if (number && !group.empty()) {  // as in containers: a number without an entry
    result.name = user;
    result.identity.uid = *number;
  } else if (error != 0) {
    return fail_errno(error, fmt::format("look up user '{}'", user));
  } else if (number) {
    return fail(ErrorKind::NotFound,
                fmt::format("user {} has no entry, so its group is unknown: set 'group'", user));
  } else {
    return fail(ErrorKind::NotFound, fmt::format("there is no user '{}'", user));
  }

  if (!group.empty()) {
    HOLDFAST_TRY_ASSIGN(result.identity.gid, look_up_group(group));
  }
  result.identity.groups = groups_of(result.name, result.identity.gid);
  return result;
}

Result<int> rlimit_by_name(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, int>, 14> kNames{{
      {"as", RLIMIT_AS},
      {"core", RLIMIT_CORE},
      {"cpu", RLIMIT_CPU},
      {"data", RLIMIT_DATA},
      {"fsize", RLIMIT_FSIZE},
      {"memlock", RLIMIT_MEMLOCK},
      {"msgqueue", RLIMIT_MSGQUEUE},
      {"nice", RLIMIT_NICE},
      {"nofile", RLIMIT_NOFILE},
      {"nproc", RLIMIT_NPROC},
      {"rss", RLIMIT_RSS},
      {"rtprio", RLIMIT_RTPRIO},
      {"sigpending", RLIMIT_SIGPENDING},
      {"stack", RLIMIT_STACK},
  }};
  std::string known;
  for (const auto& [key, resource] : kNames) {
    if (key == name) return resource;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", key);
  }
  return fail(ErrorKind::InvalidArgument,
              fmt::format("there is no resource limit '{}'; choose one of {}", name, known));
}

}  // namespace holdfast::supervisor::process
