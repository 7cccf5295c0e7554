// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/entrance.hpp"

#include "common/os/plain_file.hpp"
#include "common/store/sqlite/location.hpp"
#include "common/store/sqlite/range_lock.hpp"
#include "common/store/sqlite/replacement.hpp"
#include "common/store/sqlite/write_lock.hpp"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace holdfast::store::sqlite {

namespace {

using namespace std::chrono_literals;

constexpr off_t kEntrance = 2;
constexpr auto kEntrancePatience = 5s;
constexpr auto kEntrancePause = 20ms;

enum class Passage { Free, Taken, Failed };

Passage pass(int descriptor, short type) {
  const auto until = std::chrono::steady_clock::now() + kEntrancePatience;
  for (;;) {
    struct flock range = range_lock(kEntrance, type);
    if (::fcntl(descriptor, F_OFD_SETLK, &range) == 0) return Passage::Free;
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) return Passage::Failed;
    if (std::chrono::steady_clock::now() >= until) return Passage::Taken;
    std::this_thread::sleep_for(kEntrancePause);
  }
}

}  // namespace

Result<void> Entrance::finish_interrupted(const std::filesystem::path& database) {
  const std::filesystem::path real = real_path(database);
  const auto finish = [&]() -> Result<void> {
    HOLDFAST_TRY(WriteLock::open(real));
    HOLDFAST_TRY_ASSIGN(const Entrance closed, close(real));
    // Somebody may have been quicker.
    return is_replacement_begun(real) ? finish_replacement(real) : Result<void>();
  };
  auto finished = finish();
  if (finished) return {};
  Error error = finished.error();
  error.message = fmt::format(
      "database '{}': a restore of it was interrupted and could not be finished: {}; run "
      "`holdfast-queue-worker check` as the user that Holdfast runs as",
      database.native(), error.message);
  return fail(std::move(error));
}

Result<Entrance> Entrance::enter(const std::filesystem::path& database) {
  if (is_replacement_begun(database)) HOLDFAST_TRY(finish_interrupted(database));
  auto file = open_plain_file(WriteLock::path_of(database), O_RDONLY);
  if (!file) return Entrance(Fd());
  switch (pass(file->get(), F_RDLCK)) {
    case Passage::Free: return Entrance(std::move(*file));
    case Passage::Failed: return Entrance(Fd());
    case Passage::Taken: break;
  }
  return fail(ErrorKind::Unavailable,
              fmt::format("database '{}' is being restored: try again when that is done",
                          database.native()));
}

Result<Entrance> Entrance::close(const std::filesystem::path& database) {
  const std::filesystem::path lock = WriteLock::path_of(database);
  HOLDFAST_TRY_ASSIGN(Fd file, open_plain_file(lock, O_RDWR));
  switch (pass(file.get(), F_WRLCK)) {
    case Passage::Free: return Entrance(std::move(file));
    case Passage::Failed: return fail_errno(errno, fmt::format("lock '{}'", lock.native()));
    case Passage::Taken: break;
  }
  return fail(ErrorKind::Unavailable,
              fmt::format("the database '{}' is being opened or restored by another program: try "
                          "again when that is done",
                          database.native()));
}

}  // namespace holdfast::store::sqlite
