// SPDX-License-Identifier: Apache-2.0
#include "tests/support/misbehave/inspect.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <fstream>
#include <set>

namespace misbehave {

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

}  // namespace

std::string descriptors() {
  std::set<int> open;
  DIR* directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != ::dirfd(directory)) open.insert(fd);
  }
  ::closedir(directory);
  std::string out = "[";
  for (const int fd : open)
    out += (out.size() > 1 ? "," : "") + std::to_string(fd);
  return out + "]\n";
}

std::string signals() {
  std::ifstream status("/proc/self/status");
  std::string out = "{";
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("SigBlk") && !line.starts_with("SigIgn") && !line.starts_with("SigCgt")) {
      continue;
    }
    if (out.size() > 1) out += ",";
    out += quoted(line.substr(0, 6)) + ":" + quoted(line.substr(8));
  }
  return out + "}\n";
}

std::string environment() {
  std::string out = "[";
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    out += (out.size() > 1 ? "," : "") + quoted(*entry);
  }
  return out + "]\n";
}

std::string identity() {
  char directory[PATH_MAX] = "";
  if (::getcwd(directory, sizeof directory) == nullptr) directory[0] = '\0';
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  const auto field = [](const char* name, auto value) {
    return quoted(name) + ":" + std::to_string(value) + ",";
  };
  return "{" + field("pid", ::getpid()) + field("ppid", ::getppid()) + field("pgid", ::getpgrp()) +
         field("sid", ::getsid(0)) + field("uid", ::getuid()) + field("gid", ::getgid()) +
         field("groups", ::getgroups(0, nullptr)) + field("umask", mask) +
         field("nofile", files.rlim_cur) + field("nofile_hard", files.rlim_max) +
         "\"cwd\":" + quoted(directory) + "}\n";
}

}  // namespace misbehave
