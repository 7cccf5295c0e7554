// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/private_files.hpp"

#include "common/os/plain_file.hpp"
#include "common/store/sqlite/location.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

namespace holdfast::store::sqlite {

namespace {

namespace fs = std::filesystem;

// Nothing if it is no link. What is read is the link whose owner was looked at.
Result<std::optional<fs::path>> trusted_link(const fs::path& path, const fs::path& database) {
  const auto file = HeldFile::hold(path);
  if (!file || !S_ISLNK(file->info().st_mode)) return std::nullopt;
  const uid_t owner = file->info().st_uid;
  struct stat target {};
  if (owner != ::geteuid() && owner != 0 &&
      (::stat(path.c_str(), &target) != 0 || target.st_uid != owner)) {
    return fail(ErrorKind::PermissionDenied,
                fmt::format("'{}', by which the database '{}' is reached, is a link that another "
                            "user has made, and does not lead to a file of that user's: remove it",
                            path.native(), database.native()));
  }
  HOLDFAST_TRY_ASSIGN(fs::path leads_to, file->read_link());
  return leads_to;
}

}  // namespace

Result<fs::path> trusted_path(const fs::path& database) {
  return follow_links(database, [&](const fs::path& path) { return trusted_link(path, database); });
}

Result<void> refuse_planted_files(const fs::path& real, bool written) {
  for (const std::string_view suffix : {"", "-wal", "-shm", "-journal", ".writelock"}) {
    if (suffix.empty() && !written) continue;
    const auto file = HeldFile::hold(fs::path(real).concat(suffix));
    if (file) HOLDFAST_TRY(file->require_plain());
  }
  return {};
}

// Documents and the digests of keys are for our user and group alone, whatever the umask. SQLite
// gives the mode of the database to the files beside it. The database is not opened if it exists:
// closing it again would release the locks that other connections of this process hold.
Result<void> keep_private(const fs::path& real) {
  constexpr mode_t kPrivate = 0640;
  constexpr mode_t kOthers = 0007;
  const Fd fresh(
      ::open(real.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kPrivate));
  if (fresh && ::fchmod(fresh.get(), kPrivate) != 0) {
    return fail_errno(errno, fmt::format("set the mode of the database '{}'", real.native()));
  }
  for (const std::string_view suffix : {"", "-wal", "-shm", "-journal"}) {
    const auto file = HeldFile::hold(fs::path(real).concat(suffix));
    if (!file) continue;
    HOLDFAST_TRY(file->require_plain());
    const mode_t mode = file->info().st_mode;
    if ((mode & kOthers) == 0) continue;
    const auto set = file->set_mode(mode & 07777 & ~kOthers);
    if (!set && set.error().os_error != EPERM) return set;
  }
  return {};
}

}  // namespace holdfast::store::sqlite
