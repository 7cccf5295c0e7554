// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/former_files.hpp"

#include "common/os/fd.hpp"
#include "common/os/proc.hpp"
#include "common/store/sqlite/file_note.hpp"
#include "common/store/sqlite/location.hpp"
#include "common/store/sqlite/range_lock.hpp"
#include "common/store/sqlite/write_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace holdfast::store::sqlite {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kLetGoPatience = 5s;
constexpr auto kLetGoPause = 20ms;

Failure still_used(const fs::path& database, const std::string& by) {
  return fail(ErrorKind::Unavailable,
              fmt::format("database '{0}': '-wal' or '-shm' beside it was moved, deleted or "
                          "replaced while it was in use, and {1} still uses the former one; it is "
                          "opened once that has ended",
                          database.native(), by));
}

// Whether its header says that it has a log ("write version" and "read version").
bool has_log(int descriptor) {
  constexpr off_t kVersions = 18;
  std::array<unsigned char, 2> versions{};
  return ::pread(descriptor, versions.data(), versions.size(), kVersions) == 2 &&
         versions == std::array<unsigned char, 2>{2, 2};
}

// Every connection of a database with a log holds a lock as long as it lives.
Result<void> check_locks(const fs::path& database) {
  const Fd file(::open(real_path(database).c_str(),
                       O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!file || !has_log(file.get())) return {};
  struct flock range = connection_locks(F_WRLCK);
  if (::fcntl(file.get(), F_OFD_GETLK, &range) != 0 || range.l_type == F_UNLCK) return {};
  const auto stat = read_process_stat(range.l_pid);  // not of another container
  return still_used(
      database, stat ? fmt::format("process {} ({})", range.l_pid, stat->name) : "another process");
}

// Every connection has both files beside it.
Result<void> check_foreign(const fs::path& database) {
  const FileNote now = files_now(database);
  if (now.database.empty() || (!now.log.empty() && !now.index.empty())) return {};
  return check_locks(database);
}

template <class Check>
Result<void> await(Check check) {
  const auto until = std::chrono::steady_clock::now() + kLetGoPatience;
  for (;;) {
    auto checked = check();
    if (checked || std::chrono::steady_clock::now() >= until) return checked;
    std::this_thread::sleep_for(kLetGoPause);
  }
}

}  // namespace

Result<void> check_former_files(const fs::path& database) {
  const auto last = noted_files(database);
  if (!last || !WriteLock::is_in_use(database)) return {};
  const FileNote now = files_now(database);
  if (now.database.empty()) return {};
  const bool same_index = last->index.empty() || last->index == now.index;
  if (last->log == now.log && same_index) return {};
  return still_used(database, "a process of Holdfast");
}

Result<void> await_former_files(const fs::path& database, bool alone) {
  return await([&]() -> Result<void> {
    HOLDFAST_TRY(check_former_files(database));
    return alone ? check_foreign(database) : Result<void>();
  });
}

Result<void> await_users_without_note(const fs::path& database) {
  return await([&] { return noted_files(database) ? Result<void>() : check_locks(database); });
}

}  // namespace holdfast::store::sqlite
