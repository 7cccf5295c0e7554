// SPDX-License-Identifier: Apache-2.0
#include "supervisor/watch/watched_tree.hpp"

#include "common/os/file.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace holdfast::supervisor::watch {

namespace {

namespace fs = std::filesystem;

// Not IN_MODIFY: a file is whole when it is closed.
constexpr std::uint32_t kMask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
                                IN_EXCL_UNLINK;

std::string kernel_limit(const char* name) {
  const auto text = read_file(fs::path("/proc/sys/fs/inotify") / name);
  return text ? text->substr(0, text->find('\n')) : "unknown";
}

std::string below(const fs::path& path, const fs::path& base) {
  const fs::path result = path.lexically_relative(base);
  return result == "." ? std::string() : result.native();
}

bool is_inside(const fs::path& path, const fs::path& directory) {
  const std::string relative = path.lexically_relative(directory).native();
  return relative == "." || (relative != ".." && !relative.starts_with("../"));
}

// A symbolic link, or a second name of a file, is whole when it is made. Any other file is written
// and closed.
bool is_whole_when_made(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return false;
  return S_ISLNK(info.st_mode) || (S_ISREG(info.st_mode) && info.st_nlink > 1);
}

}  // namespace

WatchedTree::WatchedTree(std::vector<Interest> interests, const fs::path& user_ignore_file,
                         OnChange on_change, const std::atomic<bool>& stop)
    : on_change_(std::move(on_change)), stop_(stop) {
  for (Interest& interest : interests) {
    IgnoreRules ignore(interest.directory, interest.ignore, user_ignore_file);
    roots_.push_back({std::move(interest), std::move(ignore), false, {}});
  }
}

Result<void> WatchedTree::open() {
  inotify_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify_) {
    if (errno == EMFILE) {
      return fail(ErrorKind::ResourceExhausted,
                  fmt::format("no inotify instance is left for this user, or no descriptor; raise "
                              "fs.inotify.max_user_instances ({}) with sysctl",
                              kernel_limit("max_user_instances")));
    }
    return fail_errno(errno, "inotify_init1");
  }
  rescan(Files::Silent);
  return {};
}

bool WatchedTree::incomplete() const {
  return std::any_of(roots_.begin(), roots_.end(), [](const Root& root) { return root.missing; });
}

void WatchedTree::retry() {
  for (std::size_t root = 0; root < roots_.size(); ++root) {
    if (roots_[root].missing) add(root, roots_[root].interest.directory, Files::Told);
  }
}

std::size_t WatchedTree::directories(const std::string& program) const {
  return static_cast<std::size_t>(
      std::count_if(watches_.begin(), watches_.end(), [&](const auto& watch) {
        return std::any_of(
            watch.second.roots.begin(), watch.second.roots.end(),
            [&](std::size_t root) { return roots_[root].interest.program == program; });
      }));
}

std::string WatchedTree::problem(const std::string& program) const {
  for (const Root& root : roots_) {
    if (root.interest.program != program) continue;
    if (!root.problem.empty()) return root.problem;
    if (root.missing) return fmt::format("{} is no directory", root.interest.directory.native());
  }
  return {};
}

void WatchedTree::rescan(Files files) {
  for (std::size_t root = 0; root < roots_.size(); ++root) {
    roots_[root].problem.clear();
    add(root, roots_[root].interest.directory, files);
  }
}

bool WatchedTree::reaches(const Root& root, const std::string& directory) const {
  return std::any_of(
      root.interest.patterns.begin(), root.interest.patterns.end(),
      [&](const text::PathPattern& pattern) { return pattern.may_match_below(directory); });
}

// Adds the directory and those below it that a pattern reaches and that are not ignored.
void WatchedTree::add(std::size_t root, const fs::path& directory, Files files) {
  if (stop_) return;
  Root& at = roots_[root];
  const std::string place = below(directory, at.interest.directory);
  if (!reaches(at, place) || (!place.empty() && at.ignore.ignores(directory, true))) return;
  // Watched before it is read: what appears in between is seen at least once.
  const bool watched = watch_directory(root, directory);
  if (place.empty()) at.missing = !watched && at.problem.empty();
  if (!watched) return;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unknown;
    if (!entry->is_symlink(unknown) && entry->is_directory(unknown)) {
      add(root, entry->path(), files);
    } else if (files == Files::Told) {
      consider(root, entry->path());
    }
  }
}

bool WatchedTree::watch_directory(std::size_t root, const fs::path& directory) {
  const int watch = ::inotify_add_watch(inotify_.get(), directory.c_str(), kMask);
  if (watch < 0) {
    if (errno != ENOENT && errno != ENOTDIR) note_problem(roots_[root], errno, directory);
    return false;
  }
  Place& place = watches_[watch];
  place.path = directory;
  place.roots.insert(root);
  return true;
}

// The first one says enough: the others have the same cause, or are found when it is mended.
void WatchedTree::note_problem(Root& root, int os_error, const fs::path& directory) {
  if (!root.problem.empty()) return;
  if (os_error == ENOSPC) {
    root.problem = fmt::format(
        "{} and more directories are not watched: this user has no inotify watches left, {} are in "
        "use here; raise fs.inotify.max_user_watches ({}) with sysctl, or name less in 'watch'",
        directory.native(), watches_.size(), kernel_limit("max_user_watches"));
    return;
  }
  root.problem = fmt::format("{} is not watched: {}", directory.native(),
                             std::generic_category().message(os_error));
}

void WatchedTree::read() {
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size <= 0) return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size) && !stop_;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* const name = buffer.data() + at + sizeof event;
      on_event(event.wd, event.mask, event.len > 0 ? std::string(name) : std::string());
      at += sizeof event + event.len;
    }
  }
}

void WatchedTree::on_event(int watch, std::uint32_t mask, const std::string& name) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    // Too much has happened to say what: all is looked at, and every program told.
    rescan(Files::Silent);
    for (const Root& root : roots_)
      on_change_(root.interest.program, "(more than could be told)");
    return;
  }
  if ((mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0) return on_gone(watch);
  const auto found = watches_.find(watch);
  if (found == watches_.end() || name.empty()) return;
  const Place place = found->second;  // what follows changes the map
  const fs::path path = place.path / name;
  if ((mask & IN_ISDIR) != 0) return on_directory(place, mask, path);
  if (name == ".gitignore") {
    for (const std::size_t root : place.roots)
      roots_[root].ignore.forget();
    for (const std::size_t root : place.roots)
      add(root, place.path, Files::Silent);
  }
  if ((mask & IN_CREATE) != 0 && !is_whole_when_made(path)) return;
  for (const std::size_t root : place.roots)
    consider(root, path);
}

void WatchedTree::on_directory(const Place& place, std::uint32_t mask, const fs::path& path) {
  if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
    for (const std::size_t root : place.roots)
      add(root, path, Files::Told);
    return;
  }
  if ((mask & IN_MOVED_FROM) == 0) return;  // one that is deleted was emptied before
  for (const std::size_t root : place.roots) {
    Root& at = roots_[root];
    if (reaches(at, below(path, at.interest.directory)) && !at.ignore.ignores(path, true))
      tell(root, path);
  }
  forget_below(path);
}

// Its inode is watched on under another name: it would be told by the old one.
void WatchedTree::forget_below(const fs::path& directory) {
  for (auto watch = watches_.begin(); watch != watches_.end();) {
    if (!is_inside(watch->second.path, directory)) {
      ++watch;
      continue;
    }
    ::inotify_rm_watch(inotify_.get(), watch->first);
    watch = watches_.erase(watch);
  }
}

void WatchedTree::on_gone(int watch) {
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return;
  const Place place = found->second;
  bool is_base = false;
  for (const std::size_t root : place.roots) {
    if (roots_[root].interest.directory != place.path) continue;
    roots_[root].missing = is_base = true;
  }
  // The parent of any other directory tells where it went.
  if (is_base) {
    forget_below(place.path);
  } else {
    watches_.erase(watch);
  }
}

void WatchedTree::consider(std::size_t root, const fs::path& path) {
  Root& at = roots_[root];
  const std::string file = below(path, at.interest.directory);
  const bool wanted =
      std::any_of(at.interest.patterns.begin(), at.interest.patterns.end(),
                  [&](const text::PathPattern& pattern) { return pattern.matches(file); });
  if (wanted && !at.ignore.ignores(path, false)) tell(root, path);
}

void WatchedTree::tell(std::size_t root, const fs::path& path) {
  const Interest& interest = roots_[root].interest;
  const bool near = is_inside(path, interest.told_from);
  on_change_(interest.program, near ? below(path, interest.told_from) : path.native());
}

}  // namespace holdfast::supervisor::watch
