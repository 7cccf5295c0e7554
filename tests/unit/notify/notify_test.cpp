// SPDX-License-Identifier: Apache-2.0
#include "common/notify/notify.hpp"

#include "common/base/id.hpp"
#include "tests/support/catch.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <thread>

namespace holdfast::notify {

namespace {

constexpr pid_t kPid = 4711;

// The manager's end: a datagram socket on a path or on an abstract name.
class Manager {
 public:
  explicit Manager(std::string name) : name_(std::move(name)) { open(); }
  ~Manager() { close(); }

  void open() {
    socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    REQUIRE(socket_);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name_.begin(), name_.end(), address.sun_path);
    if (name_[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }
  void close() {
    socket_.reset();
    if (name_[0] == '/') ::unlink(name_.c_str());
  }

  const std::string& name() const { return name_; }
  Environ environ() const { return {{"NOTIFY_SOCKET", name_}}; }

  // The next datagram; sending is synchronous, so it is there or it never comes.
  std::string receive() {
    std::array<char, 8192> buffer{};
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0) return "(nothing)";
    return {buffer.data(), static_cast<std::size_t>(n)};
  }

 private:
  std::string name_;
  Fd socket_;
};

std::string path_name() {
  return (std::filesystem::temp_directory_path() / ("notify-" + make_uuid())).native();
}

Notifier notifier_for(const Environ& environ) {
  auto notifier = Notifier::from_environment(environ, kPid);
  REQUIRE(notifier);
  return std::move(*notifier);
}

}  // namespace

TEST_CASE("messages reach a manager on a path and on an abstract name") {
  Manager manager(GENERATE(as<std::string>{}, path_name(), "@holdfast-" + make_uuid()));
  const Notifier notifier = notifier_for(manager.environ());
  CHECK(notifier.active());
  REQUIRE(notifier.ready());
  CHECK(manager.receive() == "READY=1");
  REQUIRE(notifier.ready("serving"));
  CHECK(manager.receive() == "READY=1\nSTATUS=serving");
  REQUIRE(notifier.status("3 jobs"));
  CHECK(manager.receive() == "STATUS=3 jobs");
  REQUIRE(notifier.watchdog());
  CHECK(manager.receive() == "WATCHDOG=1");
  REQUIRE(notifier.stopping());
  CHECK(manager.receive() == "STOPPING=1");
  REQUIRE(notifier.stopping("draining"));
  CHECK(manager.receive() == "STOPPING=1\nSTATUS=draining");
  REQUIRE(notifier.reloading(MonoTime(std::chrono::microseconds(42))));
  CHECK(manager.receive() == "RELOADING=1\nMONOTONIC_USEC=42");
  REQUIRE(notifier.send("X_A=1\nX_B=2"));
  CHECK(manager.receive() == "X_A=1\nX_B=2");
  CHECK(manager.receive() == "(nothing)");
}

TEST_CASE("without a socket everything succeeds and nothing happens") {
  const Environ environ = GENERATE(Environ{}, Environ{{"NOTIFY_SOCKET", ""}});
  const Notifier notifier = notifier_for(environ);
  CHECK_FALSE(notifier.active());
  CHECK(notifier.ready("x"));
  CHECK(notifier.watchdog());
  CHECK(notifier.send("A=1"));
}

TEST_CASE("a socket that cannot be meant is refused") {
  const std::string name = GENERATE(as<std::string>{}, "relative", "@", "/", "vsock:2:1",
                                    "/" + std::string(107, 'x'), "@" + std::string(108, 'x'));
  const auto notifier = Notifier::from_environment({{"NOTIFY_SOCKET", name}}, kPid);
  REQUIRE_FALSE(notifier);
  CHECK(notifier.error().kind == ErrorKind::InvalidArgument);
  CHECK(notifier.error().message.find(name) != std::string::npos);
}

TEST_CASE("the longest abstract name works") {
  const std::string uuid = make_uuid();
  Manager manager("@" + uuid + std::string(107 - uuid.size(), 'x'));
  REQUIRE(notifier_for(manager.environ()).ready());
  CHECK(manager.receive() == "READY=1");
}

TEST_CASE("a status is one line whatever is put into it") {
  Manager manager("@holdfast-" + make_uuid());
  const Notifier notifier = notifier_for(manager.environ());
  REQUIRE(notifier.status("a\nMAINPID=1\r\tb\x7f"));
  CHECK(manager.receive() == "STATUS=a MAINPID=1  b ");
  REQUIRE(notifier.ready("x\nERRNO=2"));
  CHECK(manager.receive() == "READY=1\nSTATUS=x ERRNO=2");
  REQUIRE(notifier.status(""));
  CHECK(manager.receive() == "STATUS=");
}

TEST_CASE("a long status is cut at a character") {
  Manager manager("@holdfast-" + make_uuid());
  const Notifier notifier = notifier_for(manager.environ());
  REQUIRE(notifier.status(std::string(5000, 'x')));
  CHECK(manager.receive() == "STATUS=" + std::string(Notifier::kMaxStatus, 'x'));
  std::string wide = "x";
  while (wide.size() < 5000)
    wide += "€";  // three bytes each: 1024 falls inside of one
  REQUIRE(notifier.status(wide));
  CHECK(manager.receive() == "STATUS=" + wide.substr(0, 1 + 341 * 3));
  REQUIRE(notifier.status("x" + wide));
  CHECK(manager.receive() == "STATUS=x" + wide.substr(0, 1 + 340 * 3));
}

TEST_CASE("an empty notification is refused") {
  Manager manager("@holdfast-" + make_uuid());
  const auto sent = notifier_for(manager.environ()).send("");
  REQUIRE_FALSE(sent);
  CHECK(sent.error().kind == ErrorKind::InvalidArgument);
}

TEST_CASE("a manager that does not keep up is an error and not a wait") {
  Manager manager("@holdfast-" + make_uuid());
  const Notifier notifier = notifier_for(manager.environ());
  Result<void> sent;
  int delivered = 0;
  while ((sent = notifier.watchdog()))
    REQUIRE(++delivered < 1'000'000);
  CHECK(delivered > 0);
  CHECK(sent.error().kind == ErrorKind::Unavailable);
  CHECK(sent.error().os_error == EAGAIN);
  CHECK(manager.receive() == "WATCHDOG=1");
  CHECK(notifier.watchdog());  // room again
}

TEST_CASE("a manager that is gone is an error, and one that is back is found again") {
  Manager manager(path_name());
  const Notifier notifier = notifier_for(manager.environ());
  manager.close();
  const auto sent = notifier.ready();
  REQUIRE_FALSE(sent);
  CHECK(sent.error().os_error == ENOENT);
  manager.open();
  REQUIRE(notifier.ready());
  CHECK(manager.receive() == "READY=1");
}

TEST_CASE("a sender waits until its message has been read, and no longer than it wants to") {
  Manager manager(path_name());
  const Notifier notifier = notifier_for(manager.environ());
  REQUIRE(notifier.ready());
  const auto unread = notifier.wait_until_read(std::chrono::milliseconds(1));
  REQUIRE_FALSE(unread);
  CHECK(unread.error().kind == ErrorKind::DeadlineExceeded);
  CHECK(manager.receive() == "READY=1");
  CHECK(manager.receive() == "BARRIER=1");

  std::thread reader([&] {
    while (manager.receive() != "BARRIER=1")
      std::this_thread::yield();
  });
  CHECK(notifier.wait_until_read(std::chrono::seconds(30)));
  reader.join();
}

TEST_CASE("a message is sent in the name of another process, where the kernel lets us") {
  Manager manager(path_name());
  const Notifier notifier = notifier_for(manager.environ());
  const auto sent = notifier.send_as(::getppid(), "READY=1");
  if (::geteuid() != 0) {
    REQUIRE_FALSE(sent);
    REQUIRE(sent.error().os_error == EPERM);
    return;
  }
  REQUIRE(sent);
  CHECK(manager.receive() == "READY=1");
}

TEST_CASE("the heartbeat is sent at half the watchdog's time") {
  struct Row {
    Environ environ;
    std::optional<Duration> expected;
  };
  using namespace std::chrono_literals;
  const Row row = GENERATE(values<Row>({
      {{}, {}},
      {{{"WATCHDOG_USEC", ""}}, {}},
      {{{"WATCHDOG_USEC", "30000000"}}, 15s},
      {{{"WATCHDOG_USEC", "3"}}, 1500ns},
      {{{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "4711"}}, 15s},
      {{{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "4712"}}, {}},
      {{{"WATCHDOG_USEC", "9223372036854775807"}}, Duration(Duration::max().count() / 1000 * 500)},
  }));
  Environ environ = row.environ;
  environ["NOTIFY_SOCKET"] = "@nobody";
  CHECK(notifier_for(environ).watchdog_interval() == row.expected);
  CHECK_FALSE(notifier_for({{"WATCHDOG_USEC", "30000000"}}).watchdog_interval());
}

TEST_CASE("a watchdog time that is not a number is refused") {
  const Environ environ =
      GENERATE(Environ{{"WATCHDOG_USEC", "soon"}}, Environ{{"WATCHDOG_USEC", "0"}},
               Environ{{"WATCHDOG_USEC", "-1"}}, Environ{{"WATCHDOG_USEC", "1s"}},
               Environ{{"WATCHDOG_USEC", "99999999999999999999"}},
               Environ{{"WATCHDOG_USEC", "1"}, {"WATCHDOG_PID", "me"}});
  const auto notifier = Notifier::from_environment(environ, kPid);
  REQUIRE_FALSE(notifier);
  CHECK(notifier.error().kind == ErrorKind::InvalidArgument);
}

}  // namespace holdfast::notify
