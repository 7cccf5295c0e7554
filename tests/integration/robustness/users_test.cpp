// SPDX-License-Identifier: Apache-2.0
// Programs that run as somebody else.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <sys/stat.h>
#include <unistd.h>

using namespace holdfast;
using namespace holdfast::test;

namespace {

// A directory where any user may pass, with a copy of the program that misbehaves.
struct Common {
  Common() {
    ::chmod(dir.path().c_str(), 0755);
    std::filesystem::copy_file(bin_dir() / "misbehave", program());
    ::chmod(program().c_str(), 0755);
  }
  std::string program() const { return dir / "misbehave"; }
  std::string as_nobody(const std::string& name) const {
    return "[program." + name + "]\n" +
           command_of({program(), "--print-env", "--print-identity", "--ready"}) +
           "user = \"nobody\"\nmetrics = \"off\"\nwatchdog = \"0s\"\numask = \"027\"\n"
           "rlimits = { nofile = 100 }\ndirectory = \"/\"\n\n";
  }
  TempDir dir;
};

bool root() {
  if (::geteuid() == 0) return true;
  WARN("not tested: programs that run as another user, which only root may start");
  return false;
}

}  // namespace

TEST_CASE("a program of another user can notify, has that user's account, and nothing of root's") {
  if (!root()) return;
  const Common common;
  Stack stack("[log]\nformat = \"json\"\n\n" + common.as_nobody("web"),
              {{"PORT", "0"}, {"HOME", "/root"}, {"USER", "root"}}, {}, common.dir / "run");
  stack.wait_ready();
  const auto said = [&](const std::string& text) {
    return wait_until([&] { return stack.supervisor().output().find(text) != std::string::npos; });
  };
  REQUIRE(said("HOME=/nonexistent"));
  REQUIRE(said("USER=nobody"));
  REQUIRE(said("LOGNAME=nobody"));
  REQUIRE(said("\"uid\":65534"));
  REQUIRE(said("\"umask\":23"));
  REQUIRE(said("\"nofile\":100"));
  REQUIRE(stack.supervisor().output().find("HOME=/root") == std::string::npos);
}

TEST_CASE("a program of another user that a reload adds can reach the supervisor, too") {
  if (!root()) return;
  const Common common;
  const std::string kept = misbehaving("kept", {"--ready"});
  Stack stack(kept, kNoPort, {}, common.dir / "run");
  stack.wait_ready();
  struct stat info {};
  REQUIRE(::stat(stack.runtime_dir().c_str(), &info) == 0);
  REQUIRE((info.st_mode & 0777) == 0750);  // not wider than it needs to be
  stack.write_config(kept + common.as_nobody("web"));
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  REQUIRE(stack.wait_state("web.0", "ready"));
}

TEST_CASE("a program of another user can open /dev/stdout and /dev/stderr by name") {
  if (!root()) return;
  const auto printing = [](const std::string& name, const std::string& command,
                           const std::string& more) {
    return "[program." + name + "]\n" +
           command_of({"/bin/sh", "-c",
                       command + "echo " + name + "-out > /dev/stdout; echo " + name +
                           "-more >> /dev/stdout; echo " + name +
                           "-err > /dev/stderr; sleep 1000"}) +
           "ready = \"started\"\n" + more + "\n";
  };
  Stack stack(printing("plain", "", "user = \"nobody\"\n") +
                  printing("number", "", "user = \"12345\"\ngroup = \"12345\"\n") +
                  printing("grouped", "", "group = \"nogroup\"\n") + printing("same", "", "") +
                  "[program.changed]\n" +
                  command_of({"/usr/bin/setpriv", "--reuid", "nobody", "--regid", "nogroup",
                              "--clear-groups", "/bin/sh", "-c",
                              "echo changed-out > /dev/stdout; echo changed-more >> /dev/stdout; "
                              "echo changed-err > /dev/stderr; sleep 1000"}) +
                  "ready = \"started\"\n",
              kNoPort);
  stack.wait_ready();
  for (const std::string name : {"plain", "number", "grouped", "same", "changed"}) {
    for (const char* stream : {"-out", "-more", "-err"}) {
      INFO(name << stream);
      REQUIRE(wait_until(
          [&] { return stack.supervisor().output().find(name + stream) != std::string::npos; }));
    }
  }
  REQUIRE(stack.supervisor().output().find("ermission denied") == std::string::npos);
}
