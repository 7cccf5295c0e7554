// SPDX-License-Identifier: Apache-2.0
#include "common/notify/listen_fds.hpp"

#include "tests/support/catch.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace holdfast::notify {

namespace {

constexpr pid_t kPid = 4711;

// Three open descriptors in a row, far from those that the test program has, without
// close-on-exec, as a manager hands them down.
class Handed {
 public:
  static constexpr int kFirst = 200;
  static constexpr int kCount = 3;

  Handed() {
    for (int fd = kFirst; fd < kFirst + kCount; ++fd) {
      REQUIRE(::fcntl(fd, F_GETFD) == -1);
      REQUIRE(::dup2(STDERR_FILENO, fd) == fd);
    }
  }
  ~Handed() {
    for (int fd = kFirst; fd < kFirst + kCount; ++fd) {
      if (is_open(fd)) ::close(fd);
    }
  }
  static bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }
  static bool all_open() { return is_open(kFirst) && is_open(kFirst + 1) && is_open(kFirst + 2); }
};

Environ handed_to_us(const std::string& count) {
  return {{"LISTEN_PID", "4711"}, {"LISTEN_FDS", count}};
}

}  // namespace

TEST_CASE("handed descriptors are taken with their names and closed on exec") {
  const Handed handed;
  Environ environ = handed_to_us("3");
  environ["LISTEN_FDNAMES"] = "http::doorbell";
  auto taken = take_listen_fds(environ, kPid, Handed::kFirst);
  REQUIRE(taken);
  REQUIRE(taken->size() == 3);
  CHECK((*taken)[0].name == "http");
  CHECK((*taken)[1].name == "unknown");
  CHECK((*taken)[2].name == "doorbell");
  for (int i = 0; i < 3; ++i) {
    CHECK((*taken)[static_cast<std::size_t>(i)].fd.get() == Handed::kFirst + i);
    CHECK(::fcntl(Handed::kFirst + i, F_GETFD) == FD_CLOEXEC);
  }
  taken->clear();
  CHECK_FALSE(Handed::is_open(Handed::kFirst));
}

TEST_CASE("descriptors without names are called unknown") {
  const Handed handed;
  const auto taken = take_listen_fds(handed_to_us("2"), kPid, Handed::kFirst);
  REQUIRE(taken);
  REQUIRE(taken->size() == 2);
  CHECK((*taken)[0].name == "unknown");
  CHECK((*taken)[1].name == "unknown");
  CHECK(::fcntl(Handed::kFirst + 2, F_GETFD) == 0);  // not among the two, and not touched
}

TEST_CASE("nothing is taken that is not meant for this process") {
  const Handed handed;
  const Environ environ =
      GENERATE(Environ{}, Environ{{"LISTEN_FDS", "3"}}, Environ{{"LISTEN_PID", "4711"}},
               Environ{{"LISTEN_PID", "4712"}, {"LISTEN_FDS", "3"}},
               Environ{{"LISTEN_PID", "4712"}, {"LISTEN_FDS", "nonsense"}},
               Environ{{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "0"}});
  const auto taken = take_listen_fds(environ, kPid, Handed::kFirst);
  REQUIRE(taken);
  CHECK(taken->empty());
  CHECK(Handed::all_open());
  CHECK(::fcntl(Handed::kFirst, F_GETFD) == 0);
}

TEST_CASE("variables that contradict each other are refused, and nothing is taken") {
  const Handed handed;
  const Environ environ =
      GENERATE(Environ{{"LISTEN_PID", "me"}, {"LISTEN_FDS", "1"}},
               Environ{{"LISTEN_PID", ""}, {"LISTEN_FDS", "1"}},
               Environ{{"LISTEN_PID", "4711"}, {"LISTEN_FDS", ""}},
               Environ{{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "-1"}},
               Environ{{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "two"}},
               Environ{{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "2x"}},
               Environ{{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "99999999999"}},
               Environ{{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "4"}},  // the fourth is not open
               Environ{{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "3"}, {"LISTEN_FDNAMES", "a:b"}},
               Environ{{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "a:b"}});
  const auto taken = take_listen_fds(environ, kPid, Handed::kFirst);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().kind == ErrorKind::InvalidArgument);
  CHECK(Handed::all_open());
  CHECK(::fcntl(Handed::kFirst, F_GETFD) == 0);
}

TEST_CASE("the sockets that clients connect to are taken out, whatever their names") {
  const auto stream = [](int family) {
    Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::listen(fd.get(), 1) == 0);  // binds by itself
    return fd;
  };
  const auto unix_listener = [] {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;  // and no path: the kernel chooses an abstract one
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(sa_family_t)) ==
            0);
    REQUIRE(::listen(fd.get(), 1) == 0);
    return fd;
  };
  std::vector<NamedFd> handed;
  handed.push_back({"web", stream(AF_INET)});
  handed.push_back({"mine", stream(AF_INET)});
  handed.push_back({"memory", Fd(::memfd_create("memory", MFD_CLOEXEC))});
  handed.push_back({"connected", Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))});
  handed.push_back({"datagrams", Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))});
  handed.push_back({"unknown", unix_listener()});
  const auto keep = [](std::string_view name) { return name == "mine"; };
  const auto names = [](const std::vector<NamedFd>& fds) {
    std::vector<std::string> result;
    for (const NamedFd& named : fds)
      result.push_back(named.name);
    return result;
  };
  CHECK(names(take_listeners(handed, keep)) == std::vector<std::string>{"web", "unknown"});
  CHECK(names(handed) == std::vector<std::string>{"mine", "memory", "connected", "datagrams"});
  CHECK(take_listeners(handed, keep).empty());
}

TEST_CASE("a descriptor is taken out by its name") {
  const Handed handed;
  Environ environ = handed_to_us("3");
  environ["LISTEN_FDNAMES"] = "a:b:a";
  auto taken = take_listen_fds(environ, kPid, Handed::kFirst);
  REQUIRE(taken);
  CHECK(take_named(*taken, "b").get() == Handed::kFirst + 1);
  CHECK_FALSE(take_named(*taken, "b"));
  CHECK(take_named(*taken, "a").get() == Handed::kFirst);
  CHECK(take_named(*taken, "a").get() == Handed::kFirst + 2);
  CHECK(taken->empty());
}

}  // namespace holdfast::notify
