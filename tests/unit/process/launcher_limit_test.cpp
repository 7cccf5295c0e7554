// SPDX-License-Identifier: Apache-2.0
// Starts that the kernel holds up: by a lease on the executable, or by a file system that hangs.
#include "supervisor/process/launcher.hpp"
#include "supervisor/process/rehearsal.hpp"
#include "tests/support/frozen_disk.hpp"
#include "tests/support/launched.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

namespace {

// A process that has a lease on a file and does not give it up when it is asked to.
class Leaseholder {
 public:
  explicit Leaseholder(const std::filesystem::path& path) {
    Pipe taken;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::signal(SIGIO, SIG_IGN);
      release_.write.reset();
      const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
      const bool has = ::fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
      char byte = has ? 'y' : 'n';
      const bool told = ::write(taken.write.get(), &byte, 1) == 1;
      while (told && ::read(release_.read.get(), &byte, 1) < 0) {
      }
      ::_exit(0);
    }
    release_.read.reset();
    taken.write.reset();
    char byte = 'n';
    REQUIRE(::read(taken.read.get(), &byte, 1) == 1);
    REQUIRE(byte == 'y');
  }
  ~Leaseholder() { release(); }
  Leaseholder(const Leaseholder&) = delete;
  Leaseholder& operator=(const Leaseholder&) = delete;

  void release() {
    release_.write.reset();
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  Pipe release_;
  pid_t pid_ = -1;
};

struct Script {
  Script() {
    std::ofstream(path) << "#!/bin/sh\nexit 7\n";
    ::chmod(path.c_str(), 0755);
    ::chmod(directory.path().c_str(), 0755);
    spec.executable = path;
    spec.argv = {path};
  }
  TempDir directory;
  std::filesystem::path path = directory.path() / "script";
  LaunchSpec spec;
};

bool works(Launcher& launcher) {
  auto launched = launcher.launch(misbehaving({"--exit", "3"}));
  return launched && wait_for(*launched).value == 3;
}

}  // namespace

TEST_CASE("an executable under a lease fails its start in time, and holds up nothing else") {
  const bool other_user = GENERATE(false, true);
  if (other_user && !is_root()) return;
  Script script;
  if (other_user) script.spec.identity = Identity{65534, 65534, {65534}};
  Leaseholder leaseholder(script.path);
  Launcher launcher;
  const std::size_t descriptors = own_descriptors().size();
  const auto launched = launcher.launch(script.spec);
  REQUIRE_FALSE(launched);
  REQUIRE(describe(launched.error()) ==
          fmt::format("exec of '{}' does not return: a file lease, or a file system that hangs",
                      script.path.native()));
  REQUIRE(works(launcher));
  REQUIRE_FALSE(launcher.launch(script.spec));  // at once, this time
  wait_until([&] { return launcher.late() == 0; });
  REQUIRE(count_zombies() == 0);
  REQUIRE(own_descriptors().size() == descriptors);
  leaseholder.release();
  auto free = Launcher().launch(script.spec);
  REQUIRE(free);
  REQUIRE(wait_for(*free).value == 7);
}

TEST_CASE("children that cannot be killed are few, and end when the file system comes back") {
  holdfast::test::FrozenDisk disk;
  if (!disk.mounted()) return;
  const Fd file(::open((disk.path() / "file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(file);
  const TempDir directory;
  Launcher launcher;
  REQUIRE(disk.freeze());
  LaunchSpec spec = misbehaving({"--exit", "0"});
  spec.cgroup = file.get();  // the child writes into it
  for (std::size_t i = 0; i < Launcher::kMostLate; ++i) {
    spec.executable = directory.path() / std::to_string(i);
    std::filesystem::create_symlink(MISBEHAVE_PATH, spec.executable);
    REQUIRE_FALSE(launcher.launch(spec));
    REQUIRE(launcher.late() == i + 1);
    REQUIRE(works(launcher) == (i + 1 < Launcher::kMostLate));
  }
  const auto refused = launcher.launch(misbehaving({"--exit", "0"}));
  REQUIRE(describe(refused.error()) ==
          "4 earlier starts have not come back from a file system that hangs");
  disk.thaw();
  wait_until([&] { return launcher.late() == 0; });
  REQUIRE(count_zombies() == 0);
  REQUIRE(works(launcher));
}

TEST_CASE("a rehearsal does not wait for a lease") {
  Script script;
  Leaseholder leaseholder(script.path);
  const auto failures = rehearse(script.spec);
  REQUIRE(failures);
  REQUIRE(failures->empty());  // whether its interpreter is there cannot be said
  script.spec.nice = 0;        // in a child of its own
  REQUIRE(rehearse(script.spec)->empty());
}
