// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/listeners.hpp"

#include "common/net/address.hpp"
#include "common/net/listen.hpp"
#include "supervisor/sockets/shared_objects.hpp"
#include "supervisor/sockets/worker_sockets.hpp"
#include "tests/support/launched.hpp"
#include "tests/unit/sockets/listening.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::sockets;
using namespace holdfast::supervisor::process::test;
using namespace holdfast::supervisor::sockets::test;

TEST_CASE("listeners stay open over a reload that does not change them") {
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"http", on("127.0.0.1:0", 16)}}));
  const int first = listeners.find("http");
  const std::string address = listeners.address("http");
  REQUIRE(first >= 0);
  REQUIRE(
      listeners.apply(Wanted{{"http", on("127.0.0.1:0", 32)}, {"admin", on("127.0.0.1:0", 16)}}));
  REQUIRE(listeners.find("http") == first);
  REQUIRE(listeners.address("http") == address);
  REQUIRE(listeners.find("admin") >= 0);
  REQUIRE(listeners.apply(Wanted{{"http", on("127.0.0.1:0", 16)}}));
  REQUIRE(listeners.find("admin") == -1);
}

TEST_CASE("a reload with an impossible address changes nothing") {
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"http", on("127.0.0.1:0", 16)}}));
  const int first = listeners.find("http");
  REQUIRE_FALSE(
      listeners.apply(Wanted{{"admin", on("127.0.0.1:0", 16)}, {"bad", on("nowhere", 16)}}));
  REQUIRE(listeners.find("http") == first);
  REQUIRE(listeners.find("admin") == -1);
}

TEST_CASE(
    "a socket that systemd passed is used under its name, and is close-on-exec from then on") {
  auto passed = net::open_listener("127.0.0.1:0", 16);
  REQUIRE(passed);
  const std::string address = *net::address_of(passed->get());
  ListenerSet listeners;
  const int first = passed->release();
  REQUIRE(listeners.adopt(first, {"http"}));
  REQUIRE(listeners.apply(Wanted{{"http", on("127.0.0.1:1", 16)}}));
  REQUIRE(listeners.find("http") == first);
  REQUIRE(listeners.inherited("http"));
  REQUIRE(listeners.address("http") == address);
  REQUIRE((::fcntl(first, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a start and a reload without the listener of a socket that was passed are refused") {
  auto passed = net::open_listener("127.0.0.1:0", 16);
  REQUIRE(passed);
  const std::string address = *net::address_of(passed->get());
  ListenerSet listeners;
  REQUIRE(listeners.adopt(passed->release(), {"web"}));
  const auto refused = [&](const Wanted& wanted) {
    const auto applied = listeners.apply(wanted);
    return !applied && applied.error().kind == ErrorKind::InvalidArgument &&
           applied.error().message.find("no [listen.web]") != std::string::npos;
  };
  REQUIRE(refused({}));
  REQUIRE(listeners.apply(Wanted{{"web", on(address, 16)}}));
  REQUIRE(refused({}));
  REQUIRE(refused(Wanted{{"renamed", on(address, 16)}}));
  REQUIRE(listeners.find("web") >= 0);
  REQUIRE(listeners.find("renamed") == -1);
}

TEST_CASE("what was passed and is not a listening socket is refused") {
  const Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ListenerSet listeners;
  REQUIRE(listeners.adopt(file.get(), {"http"}).error().kind == ErrorKind::InvalidArgument);
}

TEST_CASE("of two sockets that were passed under one name neither is closed without a word") {
  Fd passed(::fcntl(net::open_listener("127.0.0.1:0", 16)->get(), F_DUPFD, 300));
  Fd other(::fcntl(net::open_listener("127.0.0.1:0", 16)->get(), F_DUPFD, 301));
  const std::string first = *net::address_of(passed.get());
  const std::string second = *net::address_of(other.get());
  REQUIRE(other.get() == passed.get() + 1);
  ListenerSet listeners;
  const auto adopted = listeners.adopt(passed.release(), {"http", "http"});
  REQUIRE_FALSE(adopted);
  REQUIRE(adopted.error().kind == ErrorKind::InvalidArgument);
  for (const std::string& told : {first, second, std::string("FileDescriptorName=NAME")}) {
    INFO(adopted.error().message);
    REQUIRE(adopted.error().message.find(told) != std::string::npos);
  }
}

TEST_CASE("LISTEN_FDS is taken only when it is meant for this process, and then forgotten") {
  const auto seen = in_fork([] {
    Fd socket = std::move(*net::open_listener("127.0.0.1:0", 16));
    ::dup2(socket.get(), 3);
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_FDNAMES", "http", 1);
    ::setenv("LISTEN_PID", "1", 1);
    ListenerSet not_ours;
    if (!not_ours.adopt_from_environment() || not_ours.find("http") != -1) return std::string("1");
    ::setenv("LISTEN_FDS", "1", 1);
    ::setenv("LISTEN_FDNAMES", "http", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ListenerSet ours;
    if (!ours.adopt_from_environment() || ours.find("http") != 3) return std::string("2");
    if (std::getenv("LISTEN_FDS") != nullptr) return std::string("3");
    ::setenv("LISTEN_FDS", "many", 1);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    return std::string(ListenerSet().adopt_from_environment() ? "4" : "ok");
  });
  REQUIRE(seen == "ok");
}

TEST_CASE(
    "each process has a telemetry socket of its own, and the worker's name leads to the newest") {
  const TempDir directory;
  WorkerSockets sockets(directory.path());
  const auto first = sockets.open("api-worker.0", 1);
  const auto second = sockets.open("api-worker.0", 2);
  REQUIRE(first);
  REQUIRE(second);
  namespace fs = std::filesystem;
  const fs::path link = sockets.link_of("api-worker.0");
  REQUIRE(link.filename() == "api-worker.0.sock");
  REQUIRE(fs::exists(first->path));
  REQUIRE(fs::canonical(link) == fs::canonical(second->path));
  struct stat info {};
  REQUIRE(::stat(second->path.c_str(), &info) == 0);
  REQUIRE((info.st_mode & 0777) == 0600);
  sockets.remove("api-worker.0", 1);
  REQUIRE(fs::canonical(link) == fs::canonical(second->path));
  sockets.remove("api-worker.0", 2);
  REQUIRE(fs::is_empty(directory.path()));
}

TEST_CASE("a replacement that is given up leaves the worker's name with the process that stays") {
  const TempDir directory;
  namespace fs = std::filesystem;
  WorkerSockets sockets(directory.path());
  const auto before = sockets.open("api.0", 9);
  const auto stays = sockets.open("api.0", 10);
  const auto other = sockets.open("api.00", 12);
  const auto first = sockets.open("api", 13);
  REQUIRE(before);
  REQUIRE(stays);
  REQUIRE(other);
  REQUIRE(first);
  REQUIRE(sockets.open("api.0", 11));
  sockets.remove("api.0", 11);
  REQUIRE(fs::read_symlink(sockets.link_of("api.0")) == stays->path.filename());
  REQUIRE(sockets.restore() == 0);  // nothing had vanished
  sockets.remove("api.0", 10);
  REQUIRE(fs::read_symlink(sockets.link_of("api.0")) == before->path.filename());
  sockets.remove("api.0", 9);
  REQUIRE_FALSE(fs::exists(fs::symlink_status(sockets.link_of("api.0"))));
  REQUIRE(fs::read_symlink(sockets.link_of("api.00")) == other->path.filename());
  REQUIRE(fs::read_symlink(sockets.link_of("api")) == first->path.filename());
}

TEST_CASE("a worker's socket whose file vanished is reached again, and others' files are kept") {
  const TempDir directory;
  namespace fs = std::filesystem;
  WorkerSockets sockets(directory.path());
  const auto first = sockets.open("api.0", 1);
  const auto second = sockets.open("api.0", 2);
  REQUIRE(first);
  REQUIRE(second);
  const auto reach = [&](const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    const Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
           0;
  };
  REQUIRE(sockets.restore() == 0);
  for (const auto& entry : fs::directory_iterator(directory.path()))
    fs::remove(entry.path());
  REQUIRE_FALSE(reach(second->path));
  REQUIRE(sockets.restore() == 3);
  REQUIRE(reach(first->path));
  REQUIRE(reach(sockets.link_of("api.0")));
  REQUIRE(fs::read_symlink(sockets.link_of("api.0")) == second->path.filename());
  REQUIRE(::accept4(second->listener.get(), nullptr, nullptr, SOCK_CLOEXEC) >= 0);
  sockets.remove("api.0", 1);
  REQUIRE_FALSE(fs::exists(fs::symlink_status(first->path)));

  fs::remove(second->path);
  std::ofstream(second->path) << "not ours";
  sockets.remove("api.0", 2);
  REQUIRE(fs::exists(second->path));
}

TEST_CASE("shared memory is zeroed, kept by name, and of a size that no worker can change") {
  SharedObjects shared;
  const auto fd = shared.memory("rate-limit", 4096);
  REQUIRE(fd);
  REQUIRE(*shared.memory("rate-limit", 4096) == *fd);
  REQUIRE(::ftruncate(*fd, 0) != 0);
  REQUIRE(::ftruncate(*fd, 8192) != 0);
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
  REQUIRE(memory != MAP_FAILED);
  REQUIRE(static_cast<char*>(memory)[4095] == 0);
  ::munmap(memory, 4096);
  REQUIRE((::fcntl(*fd, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("the doorbell is an event that is kept by name") {
  SharedObjects shared;
  const auto fd = shared.event("doorbell");
  REQUIRE(fd);
  REQUIRE(*shared.event("doorbell") == *fd);
  REQUIRE(::eventfd_write(*fd, 3) == 0);
  eventfd_t count = 0;
  REQUIRE(::eventfd_read(*fd, &count) == 0);
  REQUIRE(count == 3);
  REQUIRE(::eventfd_read(*fd, &count) != 0);  // and it does not block
}

TEST_CASE("a Unix listener has the owner and mode that it was given, and a reload changes them") {
  const holdfast::test::TempDir dir;
  config::Listen listen;
  listen.address = "unix:" + (dir / "web.sock").native();
  const auto file = [&] {
    struct stat info {};
    REQUIRE(::stat((dir / "web.sock").c_str(), &info) == 0);
    return info;
  };
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"web", listen}}));
  CHECK((file().st_mode & 0777) == 0660);
  CHECK(file().st_uid == ::geteuid());
  const ino_t inode = file().st_ino;
  listen.mode = 0606;
  REQUIRE(listeners.apply(Wanted{{"web", listen}}));
  CHECK((file().st_mode & 0777) == 0606);
  CHECK(file().st_ino == inode);  // the same socket: no connection was lost

  listen.owner = "no-such-user";
  const auto refused = listeners.apply(Wanted{{"web", listen}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("[listen.web] owner: ") == 0);
  CHECK(ListenerSet::check(Wanted{{"web", listen}}).error().message == refused.error().message);
  CHECK(listeners.find("web") >= 0);

  if (::geteuid() != 0) return;  // only root may give files away
  listen.owner = "nobody";
  REQUIRE(listeners.apply(Wanted{{"web", listen}}));
  CHECK(file().st_uid == 65534);
  CHECK(file().st_gid == 65534);
  listen.group = "daemon";
  REQUIRE(listeners.apply(Wanted{{"web", listen}}));
  CHECK(file().st_gid == 1);
  listen.owner = listen.group = "";
  listen.mode.reset();
  REQUIRE(listeners.apply(Wanted{{"web", listen}}));
  CHECK(file().st_uid == 0);
  CHECK((file().st_mode & 0777) == 0660);
}

TEST_CASE("a TCP listener that a program has shut down listens again, for all who share it") {
  using Outcome = ListenerSet::Repair::Outcome;
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"http", on("127.0.0.1:0", 16)}}));
  const std::string address = listeners.address("http");
  const int socket = listeners.find("http");
  const Fd worker(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  REQUIRE(listeners.repair().empty());
  for (const int how : {SHUT_RD, SHUT_RDWR}) {
    REQUIRE(::shutdown(worker.get(), how) == 0);
    const auto repairs = listeners.repair();
    REQUIRE(repairs.size() == 1);
    REQUIRE(repairs[0].outcome == Outcome::Revived);
    REQUIRE(listeners.find("http") == socket);
    REQUIRE(listeners.address("http") == address);
    REQUIRE(takes_connections(worker.get(), address));
    REQUIRE(listeners.repair().empty());
  }
}

TEST_CASE("a listener at a fixed port, and one from systemd, listen again as well") {
  using Outcome = ListenerSet::Repair::Outcome;
  std::string address;
  {
    ListenerSet free_port;
    REQUIRE(free_port.apply(Wanted{{"http", on("127.0.0.1:0", 16)}}));
    address = free_port.address("http");
  }
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"http", on(address, 16)}}));
  auto passed = net::open_listener("127.0.0.1:0");
  REQUIRE(passed);
  REQUIRE(listeners.adopt(passed->release(), {"passed"}));
  for (const char* name : {"http", "passed"}) {
    INFO(name);
    REQUIRE(::shutdown(listeners.find(name), SHUT_RDWR) == 0);
    const auto repairs = listeners.repair();
    REQUIRE(repairs.size() == 1);
    REQUIRE(repairs[0].name == name);
    REQUIRE(repairs[0].outcome == Outcome::Revived);
    REQUIRE(takes_connections(listeners.find(name), listeners.address(name)));
  }
}

TEST_CASE("a Unix listener that a program has shut down is made anew, with its mode") {
  using Outcome = ListenerSet::Repair::Outcome;
  const TempDir directory;
  const std::string path = directory.path() / "web.sock";
  config::Listen listen = on("unix:" + path, 16);
  listen.mode = 0666;
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"web", listen}}));
  const Fd worker(::fcntl(listeners.find("web"), F_DUPFD_CLOEXEC, 0));
  REQUIRE(::shutdown(worker.get(), SHUT_RD) == 0);
  const auto repairs = listeners.repair();
  REQUIRE(repairs.size() == 1);
  REQUIRE(repairs[0].outcome == Outcome::Replaced);
  REQUIRE(takes_connections(listeners.find("web"), "unix:" + path));
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  REQUIRE((info.st_mode & 0777) == 0666);
  REQUIRE(listeners.repair().empty());
}

TEST_CASE("a listener that cannot be opened anew says why, until it can") {
  using Outcome = ListenerSet::Repair::Outcome;
  const TempDir directory;
  const std::string path = directory.path() / "web.sock";
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"web", on("unix:" + path, 16)}}));
  REQUIRE(::shutdown(listeners.find("web"), SHUT_RD) == 0);
  std::filesystem::remove(path);
  { std::ofstream(path) << "in the way"; }
  const auto failed = listeners.repair();
  REQUIRE(failed.size() == 1);
  REQUIRE(failed[0].outcome == Outcome::Failed);
  REQUIRE_THAT(failed[0].why, Catch::Contains("not a socket"));
  std::filesystem::remove(path);
  REQUIRE(listeners.repair().at(0).outcome == Outcome::Replaced);
}

TEST_CASE("a listener that a program has made blocking is non-blocking again") {
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"http", on("127.0.0.1:0", 16)}}));
  const int socket = listeners.find("http");
  REQUIRE(::fcntl(socket, F_SETFL, 0) == 0);
  REQUIRE(listeners.repair().empty());
  REQUIRE((::fcntl(socket, F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("a blocking listener is handed on as such, and then its programs choose the mode") {
  const TempDir directory;
  const auto is_blocking = [](int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; };
  auto tcp = on("127.0.0.1:0", 16);
  auto unix_socket = on("unix:" + std::string(directory.path() / "web.sock"), 16);
  tcp.blocking = unix_socket.blocking = true;
  const Fd systemd = net::open_listener("127.0.0.1:0", 16).value();
  ListenerSet listeners;
  REQUIRE(listeners.adopt(::fcntl(systemd.get(), F_DUPFD_CLOEXEC, 0), {"systemd"}));
  Wanted wanted{{"tcp", tcp}, {"unix", unix_socket}, {"systemd", tcp}};
  REQUIRE(listeners.apply(wanted));
  for (const char* name : {"tcp", "unix", "systemd"})
    CHECK(is_blocking(listeners.find(name)));

  SECTION("what a program sets stays over looks and reloads") {
    REQUIRE(set_nonblocking(listeners.find("tcp")));
    REQUIRE(listeners.repair().empty());
    REQUIRE(listeners.apply(wanted));
    CHECK_FALSE(is_blocking(listeners.find("tcp")));
  }
  SECTION("one that is made anew is blocking, too") {
    REQUIRE(::shutdown(listeners.find("unix"), SHUT_RD) == 0);
    REQUIRE(listeners.repair().at(0).outcome == ListenerSet::Repair::Outcome::Replaced);
    CHECK(is_blocking(listeners.find("unix")));
  }
  SECTION("a reload that takes the key away makes it non-blocking") {
    for (auto& [name, listen] : wanted)
      listen.blocking = false;
    REQUIRE(listeners.apply(wanted));
    for (const char* name : {"tcp", "unix", "systemd"})
      CHECK_FALSE(is_blocking(listeners.find(name)));
  }
}

namespace {

// Drops every packet, as programs do that attach a filter and think of their own connections only.
void attach_deaf_filter(int socket) {
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{1, &drop};
  REQUIRE(::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
}

void set_number(int socket, int level, int option, int value) {
  REQUIRE(::setsockopt(socket, level, option, &value, sizeof value) == 0);
}

}  // namespace

TEST_CASE("options that make a listener deaf are set back, for all who share it") {
  using Outcome = ListenerSet::Repair::Outcome;
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"http", on("[::]:0", 16)}}));
  auto passed = net::open_listener("127.0.0.1:0");
  REQUIRE(passed);
  REQUIRE(listeners.adopt(passed->release(), {"passed"}));
  REQUIRE(listeners.repair().empty());
  for (const char* const name : {"http", "passed"}) {
    INFO(name);
    const Fd worker(::fcntl(listeners.find(name), F_DUPFD_CLOEXEC, 0));
    attach_deaf_filter(worker.get());
    set_number(worker.get(), IPPROTO_IP, IP_MINTTL, 255);
    set_number(worker.get(), IPPROTO_IP, IP_TTL, 1);
    set_number(worker.get(), SOL_SOCKET, SO_DONTROUTE, 1);
    set_number(worker.get(), SOL_SOCKET, SO_RCVLOWAT, 1 << 20);
    const linger cut{1, 0};
    REQUIRE(::setsockopt(worker.get(), SOL_SOCKET, SO_LINGER, &cut, sizeof cut) == 0);
    set_number(worker.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, 1);
    set_number(worker.get(), IPPROTO_TCP, TCP_MAXSEG, 100);
    const auto repairs = listeners.repair();
    REQUIRE(repairs.size() == 1);
    CHECK(repairs[0].name == name);
    CHECK(repairs[0].outcome == Outcome::SetBack);
    CHECK(repairs[0].options ==
          "SO_ATTACH_FILTER, IP_MINTTL, IP_TTL, SO_DONTROUTE, SO_RCVLOWAT, SO_LINGER, "
          "TCP_USER_TIMEOUT, TCP_MAXSEG");
    CHECK(listeners.repair().empty());
  }
  CHECK(takes_connections(listeners.find("passed"), listeners.address("passed")));
}

TEST_CASE("a listener with a filter that is locked is made anew at its address") {
  using Outcome = ListenerSet::Repair::Outcome;
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"http", on("127.0.0.1:0", 16)}}));
  const std::string address = listeners.address("http");
  const Fd worker(::fcntl(listeners.find("http"), F_DUPFD_CLOEXEC, 0));
  attach_deaf_filter(worker.get());
  set_number(worker.get(), SOL_SOCKET, SO_LOCK_FILTER, 1);
  const auto repairs = listeners.repair();
  REQUIRE(repairs.size() == 1);
  CHECK(repairs[0].outcome == Outcome::Replaced);
  CHECK(repairs[0].options == "SO_ATTACH_FILTER");
  CHECK(listeners.address("http") == address);
  CHECK(takes_connections(listeners.find("http"), address));
  CHECK(listeners.repair().empty());
}

TEST_CASE("a locked filter of a listener from systemd is told, with what to do") {
  auto passed = net::open_listener("127.0.0.1:0");
  REQUIRE(passed);
  ListenerSet listeners;
  REQUIRE(listeners.adopt(passed->release(), {"http"}));
  attach_deaf_filter(listeners.find("http"));
  set_number(listeners.find("http"), SOL_SOCKET, SO_LOCK_FILTER, 1);
  const auto repairs = listeners.repair();
  REQUIRE(repairs.size() == 1);
  CHECK(repairs[0].outcome == ListenerSet::Repair::Outcome::Failed);
  // "restart holdfast.socket" is what systemd refuses while the service runs.
  CHECK_THAT(repairs[0].why, Catch::Contains("systemctl stop holdfast.service holdfast.socket"));
}

TEST_CASE("a queue that a program has shortened has its length again") {
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"http", on("127.0.0.1:0", 16)}}));
  const int socket = listeners.find("http");
  REQUIRE(::listen(socket, 0) == 0);
  CHECK(listeners.repair().empty());
  CHECK(net::backlog_of(socket) == 16u);
  REQUIRE(::listen(socket, 64) == 0);
  CHECK(listeners.repair().empty());
  CHECK(net::backlog_of(socket) == 64u);
}
