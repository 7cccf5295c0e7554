// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/replacement.hpp"

#include "common/base/clock.hpp"
#include "common/base/failpoint.hpp"
#include "common/os/plain_file.hpp"
#include "common/store/sqlite/exclusion.hpp"
#include "common/store/sqlite/location.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace holdfast::store::sqlite {

namespace {

namespace fs = std::filesystem;

fs::path new_one(const fs::path& database) {
  return beside(database, ".restoring");
}

bool is_there(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

bool is_same_file(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return fs::equivalent(one, other, error);
}

// "holdfast.db.replaced-2026-11-29T13:04:17.123Z"; a name that is taken gets a number. The time is
// that of the new file, so that who takes the steps again finds the same name.
Result<fs::path> name_of_replaced(const fs::path& database) {
  struct stat info {};
  const fs::path fresh = new_one(database);
  if (::stat(fresh.c_str(), &info) != 0)
    return fail_errno(errno, fmt::format("look at '{}'", fresh.native()));
  const auto since =
      std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
  const WallTime made(std::chrono::duration_cast<WallTime::duration>(since));
  const std::string base = database.native() + ".replaced-" + format_rfc3339(made);
  fs::path name(base);
  const auto taken = [&] {
    return is_there(name) ? !is_same_file(name, database) : is_there(beside(name, "-wal"));
  };
  for (int i = 2; taken(); ++i)
    name = fmt::format("{}-{}", base, i);
  return name;
}

class ReplacementSteps {
 public:
  explicit ReplacementSteps(const fs::path& database, fs::path aside)
      : database_(database), aside_(std::move(aside)), replaces_(is_there(database)) {}

  Result<void> take() {
    HOLDFAST_TRY(keep_aside());
    failpoint(FaultStep::Replacing, "kept aside");
    // In the order of the steps after a power cut, too.
    HOLDFAST_TRY(sync_folder_of(database_));
    const fs::path fresh = new_one(database_);
    const unsigned flags = replaces_ ? 0 : RENAME_NOREPLACE;
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, database_.c_str(), flags) != 0) {
      return fail_errno(errno,
                        fmt::format("rename '{}' to '{}'", fresh.native(), database_.native()));
    }
    in_place_ = true;
    failpoint(FaultStep::Replacing, "in place");
    return sync_folder_of(database_);
  }

  // Where the new one is not in place yet, nothing has happened; false: that failed.
  bool take_back() {
    if (in_place_) return true;
    for (const auto& [from, to] : moved_) {
      if (::rename(to.c_str(), from.c_str()) != 0) return false;
    }
    if (linked_ && ::unlink(aside_.c_str()) != 0) return false;
    if (::unlink(new_one(database_).c_str()) != 0) return false;
    return sync_folder_of(database_).has_value();
  }

  fs::path kept() const {
    if (replaces_) return aside_;
    return is_there(beside(aside_, "-wal")) ? beside(aside_, "-wal") : fs::path();
  }

 private:
  // The log goes with its database: it holds what was written last, and belongs to no other. The
  // database itself, if there still is one, stays in its place until the new one takes it.
  Result<void> keep_aside() {
    if (replaces_ && !is_there(aside_)) {
      if (::link(database_.c_str(), aside_.c_str()) != 0) {
        return fail_errno(errno,
                          fmt::format("keep '{}' as '{}'", database_.native(), aside_.native()));
      }
      linked_ = true;
      failpoint(FaultStep::Replacing, "linked");
    }
    for (const char* const suffix : {"-wal", "-shm"}) {
      const fs::path from = beside(database_, suffix);
      const fs::path to = beside(aside_, suffix);
      if (::rename(from.c_str(), to.c_str()) == 0) {
        moved_.emplace_back(from, to);
        failpoint(FaultStep::Replacing, suffix);
      } else if (errno != ENOENT) {
        return fail_errno(errno, fmt::format("move '{}'", from.native()));
      }
    }
    return {};
  }

  const fs::path& database_;
  const fs::path aside_;
  const bool replaces_;
  bool linked_ = false;
  bool in_place_ = false;
  std::vector<std::pair<fs::path, fs::path>> moved_;
};

}  // namespace

Result<fs::path> replace(const fs::path& database, DatabaseCopy& copy) {
  failpoint(FaultStep::Replacing, "copied");
  const fs::path fresh = new_one(database);
  if (const auto begun = copy.put(fresh, false); !begun) {
    // Where it has got its name and that could not be synced.
    if (copy.path().empty()) ::unlink(fresh.c_str());
    return fail(begun.error());
  }
  failpoint(FaultStep::Replacing, "begun");
  const auto aside = name_of_replaced(database);
  ReplacementSteps steps(database, aside ? *aside : fs::path());
  auto taken = aside ? steps.take() : Result<void>(fail(aside.error()));
  if (taken) return steps.kept();
  Error error = taken.error();
  if (!steps.take_back()) {
    error.message += fmt::format(
        "; '{}' is put in its place by the next program that opens the database", fresh.native());
  }
  return fail(std::move(error));
}

bool is_replacement_begun(const fs::path& database) {
  return is_there(new_one(real_path(database)));
}

Result<void> finish_replacement(const fs::path& database) {
  // Somebody else may have put a link there, to have it taken for the database.
  HOLDFAST_TRY_ASSIGN(const HeldFile fresh, HeldFile::hold(new_one(database)));
  HOLDFAST_TRY(fresh.require_plain());
  std::optional<Exclusion> alone;
  if (is_there(database)) {
    HOLDFAST_TRY_ASSIGN(Exclusion exclusion, Exclusion::from(database));
    alone.emplace(std::move(exclusion));
  }
  HOLDFAST_TRY_ASSIGN(const fs::path aside, name_of_replaced(database));
  return ReplacementSteps(database, aside).take();
}

}  // namespace holdfast::store::sqlite
