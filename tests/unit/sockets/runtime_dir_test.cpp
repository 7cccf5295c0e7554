// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/runtime_dir.hpp"

#include "common/net/listen.hpp"
#include "tests/support/launched.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::sockets;
using namespace holdfast::supervisor::process::test;
namespace fs = std::filesystem;

namespace {

mode_t mode_of(const fs::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace

TEST_CASE("the runtime directory is made with its parents, closed to others") {
  const TempDir temporary;
  const fs::path path = temporary.path() / "run" / "holdfast";
  auto directory = RuntimeDir::open(path);
  REQUIRE(directory);
  REQUIRE(mode_of(path) == 0750);
  REQUIRE(fs::is_directory(directory->workers()));
  REQUIRE(directory->let_others_pass());
  REQUIRE(mode_of(path) == 0751);
}

TEST_CASE("double daemon: a second supervisor is refused and told the pid of the first") {
  const TempDir temporary;
  const fs::path path = temporary.path() / "run";
  const auto first = RuntimeDir::open(path);
  REQUIRE(first);
  const auto second = RuntimeDir::open(path);
  REQUIRE_FALSE(second);
  REQUIRE(second.error().kind == ErrorKind::Conflict);
  REQUIRE_THAT(second.error().message, Catch::Contains(std::to_string(::getpid())));
}

TEST_CASE("the refused supervisor leaves the sockets of the first alone") {
  const TempDir temporary;
  const fs::path path = temporary.path() / "run";
  const auto first = RuntimeDir::open(path);
  const auto socket = net::bind_unix_socket(SOCK_DGRAM, path / "notify.sock", 0600);
  REQUIRE(socket);
  REQUIRE_FALSE(RuntimeDir::open(path));
  REQUIRE(fs::exists(path / "notify.sock"));
}

TEST_CASE(
    "the directory of a supervisor killed by SIGKILL can be taken at once, its sockets gone") {
  const TempDir temporary;
  const fs::path path = temporary.path() / "run";
  Pipe ready;
  const pid_t pid = ::fork();  // not executed: it runs code of this program
  if (pid == 0) {
    auto directory = RuntimeDir::open(path);
    const auto stale = net::bind_unix_socket(SOCK_DGRAM, path / "notify.sock", 0600);
    const auto worker = net::bind_unix_socket(SOCK_DGRAM, path / "workers" / "a.0.1.sock", 0600);
    fs::create_symlink("a.0.1.sock", path / "workers" / "a.0.sock");
    if (::write(ready.write.get(), "x", 1) != 1) ::_exit(1);
    for (;;)
      ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready.read.get(), &byte, 1) == 1);
  REQUIRE(fs::exists(path / "notify.sock"));
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  const auto next = RuntimeDir::open(path);
  REQUIRE(next);
  REQUIRE_FALSE(fs::exists(path / "notify.sock"));
  REQUIRE(fs::is_empty(next->workers()));
}

TEST_CASE("children do not inherit the lock") {
  const TempDir temporary;
  const fs::path path = temporary.path() / "run";
  Pipe output;
  std::optional<Launched> child;
  {
    const auto first = RuntimeDir::open(path);
    Launcher launcher;
    auto launched = launcher.launch(misbehaving({"--print", "up"}, output.write.get()));
    REQUIRE(launched);
    child = std::move(*launched);
    REQUIRE(read_line(output.read.get()) == "up");
  }
  REQUIRE(RuntimeDir::open(path));
  ::kill(child->pid, SIGKILL);
  wait_for(*child);
}

TEST_CASE("at the end the sockets are removed and files that are not ours stay") {
  const TempDir temporary;
  const fs::path path = temporary.path() / "run";
  {
    const auto directory = RuntimeDir::open(path);
    REQUIRE(net::bind_unix_socket(SOCK_DGRAM, path / "admin.sock", 0600));
    std::ofstream(path / "notes.sock") << "not a socket";
  }
  REQUIRE_FALSE(fs::exists(path / "admin.sock"));
  REQUIRE_FALSE(fs::exists(path / "workers"));
  REQUIRE(fs::exists(path / "notes.sock"));
}

TEST_CASE("a directory where others may write, or a file in its place, is refused") {
  const TempDir temporary;
  const fs::path open_to_all = temporary.path() / "open";
  fs::create_directory(open_to_all);
  REQUIRE(::chmod(open_to_all.c_str(), 0777) == 0);
  REQUIRE(RuntimeDir::open(open_to_all).error().kind == ErrorKind::PermissionDenied);
  const fs::path file = temporary.path() / "file";
  std::ofstream(file) << "x";
  REQUIRE(RuntimeDir::open(file).error().kind == ErrorKind::Conflict);
  REQUIRE_FALSE(RuntimeDir::open(file / "below"));
}

TEST_CASE("the runtime directory vanishes: it stays ours, is made again, and nobody else gets it") {
  const TempDir temporary;
  const fs::path path = temporary.path() / "run";
  auto first = RuntimeDir::open(path);
  REQUIRE(first);
  REQUIRE(first->let_others_pass());
  REQUIRE(first->intact());

  SECTION("it is removed") {
    fs::remove_all(path);
  }
  SECTION("it is moved away") {
    fs::rename(path, temporary.path() / "old");
  }
  SECTION("another one is in its place") {
    fs::rename(path, temporary.path() / "old");
    fs::create_directory(path);
    fs::permissions(path, fs::perms::owner_all);
  }
  SECTION("its lock is removed") {
    fs::remove(path / "lock");
  }
  SECTION("its lock is another file") {
    fs::remove(path / "lock");
    std::ofstream(path / "lock") << "1";
  }
  SECTION("the directory of the workers is removed") {
    fs::remove(path / "workers");
  }
  SECTION("its parent is removed as well") {
    fs::remove_all(temporary.path());
  }
  REQUIRE_FALSE(first->intact());
  if (fs::exists(temporary.path())) {
    REQUIRE(RuntimeDir::open(path).error().kind == ErrorKind::Conflict);
  }
  REQUIRE(first->restore());
  REQUIRE(first->intact());
  REQUIRE(mode_of(path) == 0751);
  REQUIRE(fs::is_directory(first->workers()));
  const auto second = RuntimeDir::open(path);
  REQUIRE_FALSE(second);
  REQUIRE_THAT(second.error().message, Catch::Contains(std::to_string(::getpid())));
}

TEST_CASE("what somebody else has put in the place of the runtime directory is left alone") {
  const TempDir temporary;
  const fs::path path = temporary.path() / "run";
  {
    auto first = RuntimeDir::open(path);
    REQUIRE(first);
    fs::rename(path, temporary.path() / "old");
    fs::create_directory(path);
    fs::permissions(path, fs::perms::owner_all);
    const Fd lock(::open((path / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::flock(lock.get(), LOCK_EX | LOCK_NB) == 0);
    const auto socket = net::bind_unix_socket(SOCK_DGRAM, path / "notify.sock", 0600);
    REQUIRE(socket);
    REQUIRE_FALSE(first->intact());
    REQUIRE(first->restore().error().kind == ErrorKind::Conflict);
  }
  REQUIRE(fs::exists(path / "notify.sock"));
}

TEST_CASE("the claim of a path is released with its holder, and holds for one place only") {
  const TempDir one;
  const TempDir other;
  {
    const auto claim = PathClaim::take(one.path() / "run");
    REQUIRE(claim);
    REQUIRE(claim->covers(one.path() / "run"));
    REQUIRE(claim->covers((one.path() / "run" / "").native() + "/../run/"));
    REQUIRE_FALSE(claim->covers(other.path() / "run"));
    REQUIRE(PathClaim::take(other.path() / "run"));
    REQUIRE(PathClaim::take(one.path() / "another"));
    // More often than the backlog is long.
    for (int attempt = 0; attempt < 300; ++attempt) {
      REQUIRE(PathClaim::take(one.path() / "run").error().kind == ErrorKind::Conflict);
      if (attempt % 100 == 99) claim->turn_away();
    }
  }
  REQUIRE(PathClaim::take(one.path() / "run"));
}

TEST_CASE("the runtime directory is private whatever the umask") {
  const TempDir temporary;
  const fs::path path = temporary.path() / "run";
  const mode_t before = ::umask(0077);
  const auto directory = RuntimeDir::open(path.native() + "/");
  ::umask(before);
  REQUIRE(directory);
  REQUIRE(mode_of(path) == 0750);
  REQUIRE(mode_of(directory->notify()) == 0750);
}

TEST_CASE("a link in the place of the runtime directory, or in it, is not followed") {
  const TempDir temporary;
  const fs::path elsewhere = temporary.path() / "elsewhere";
  const fs::path path = temporary.path() / "run";
  fs::create_directories(elsewhere / "workers");
  fs::permissions(elsewhere, fs::perms::owner_all);
  const auto foreign = net::bind_unix_socket(SOCK_DGRAM, elsewhere / "a.0.sock", 0600);
  REQUIRE(foreign);
  fs::create_directory_symlink(elsewhere, path);
  const auto refused = RuntimeDir::open(path);
  REQUIRE_FALSE(refused);
  REQUIRE(refused.error().kind == ErrorKind::Conflict);
  for (const char* inner : {"workers", "notify", "lock"}) {
    INFO(inner);
    fs::remove_all(path);
    fs::create_directory(path);
    fs::permissions(path, fs::perms::owner_all);
    fs::create_directory_symlink(elsewhere, path / inner);
    REQUIRE_FALSE(RuntimeDir::open(path));
    fs::remove(path / inner);
  }
  REQUIRE(fs::exists(elsewhere / "a.0.sock"));
  REQUIRE(RuntimeDir::open(path));
}

TEST_CASE("only what has one of our own names is ever removed") {
  const TempDir temporary;
  const fs::path path = temporary.path() / "run";
  const std::vector<fs::path> theirs{"redis.sock",         "app.0.sock",    "status.sock.old",
                                     "workers/redis.sock", "workers/x.new", "notify/x.sock",
                                     "notify/a.b.1"};
  const std::vector<fs::path> ours{"admin.sock",
                                   "status.sock",
                                   "notify.sock",
                                   "workers/api.0.7.sock",
                                   "workers/api.0.sock.new",
                                   "notify/api.0.7"};
  fs::create_directories(path / "workers");
  fs::create_directories(path / "notify");
  for (const fs::path& directory : {path, path / "workers", path / "notify"})
    fs::permissions(directory, fs::perms::owner_all);
  std::vector<Fd> sockets;
  const auto make = [&](const fs::path& name) {
    auto socket = net::bind_unix_socket(SOCK_DGRAM, path / name, 0600);
    REQUIRE(socket);
    sockets.push_back(std::move(*socket));
  };
  for (const auto* names : {&theirs, &ours}) {
    for (const fs::path& name : *names)
      make(name);
  }
  std::ofstream(path / "workers" / "api.0.8.sock") << "a file that only looks like one of ours";
  {
    const auto directory = RuntimeDir::open(path);
    REQUIRE(directory);
    for (const fs::path& name : ours)
      CHECK_FALSE(fs::exists(path / name));
    for (const fs::path& name : ours)
      make(name);
  }
  for (const fs::path& name : ours)
    CHECK_FALSE(fs::exists(path / name));
  for (const fs::path& name : theirs)
    CHECK(fs::exists(path / name));
  CHECK(fs::exists(path / "workers" / "api.0.8.sock"));
}
