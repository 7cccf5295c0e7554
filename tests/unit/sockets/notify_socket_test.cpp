// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/notify_socket.hpp"

#include "common/net/listen.hpp"
#include "supervisor/process/child.hpp"
#include "tests/support/launched.hpp"
#include "tests/support/send_descriptor.hpp"

#include <boost/asio/post.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::sockets;
using namespace holdfast::supervisor::process::test;
using holdfast::test::send_descriptors;

namespace {

constexpr core::ProcessId kWorker{{1, 0}, 1};

// A socket that knows the pids in `known`, and what it heard.
struct Listening {
  explicit Listening(mode_t mode = NotifySocket::kOwnerOnly) {
    const auto lookup = [this](pid_t pid) {
      return known.contains(pid) ? std::optional(known.at(pid)) : std::nullopt;
    };
    const auto hear = [this](const core::ProcessId& process, const NotifyMessage& message) {
      heard.emplace_back(process, message);
    };
    auto opened = NotifySocket::open(io, path, mode, lookup, hear);
    REQUIRE(opened);
    socket = std::move(*opened);
  }

  Launched launch(const Arguments& arguments, const std::optional<Identity>& identity = {}) {
    LaunchSpec spec = misbehaving(arguments);
    spec.envp = {"NOTIFY_SOCKET=" + path.native()};
    spec.identity = identity;
    Launcher launcher;
    auto launched = launcher.launch(spec);
    REQUIRE(launched);
    known[launched->pid] = kWorker;
    return std::move(*launched);
  }
  void finish(const Launched& launched) {
    while (::waitpid(launched.pid, nullptr, WNOHANG) == 0)
      io.run_for(1ms);
    socket->drain_now();
  }

  TempDir directory;
  std::filesystem::path path = directory.path() / "notify.sock";
  boost::asio::io_context io;
  std::map<pid_t, core::ProcessId> known;
  std::vector<std::pair<core::ProcessId, NotifyMessage>> heard;
  std::unique_ptr<NotifySocket> socket;
};

}  // namespace

TEST_CASE("the keys that a supervisor acts on are read, and others are ignored") {
  const auto message = parse_notify(
      "READY=1\nSTATUS=serving\nMAINPID=1\nFDSTORE=1\nWATCHDOG=1\nSTOPPING=1\nHOLDFAST_DRAINED="
      "1\n");
  REQUIRE(message);
  REQUIRE(message->ready);
  REQUIRE(message->watchdog);
  REQUIRE(message->stopping);
  REQUIRE(message->drained);
  REQUIRE_FALSE(message->watchdog_trigger);
  REQUIRE(message->status == "serving");
  REQUIRE(parse_notify("WATCHDOG=trigger")->watchdog_trigger);
  REQUIRE_FALSE(parse_notify("READY=0")->ready);
  // Lines end as they do for systemd.
  for (const char* const text : {"READY=1\r\n", "READY=1\r", "STATUS=up\r\nREADY=1\r\n"}) {
    INFO(text);
    const auto ended = parse_notify(text);
    REQUIRE(ended);
    CHECK(ended->ready);
    CHECK(ended->status.value_or("up") == "up");
  }
  REQUIRE_FALSE(parse_notify("X=1")->status);
  REQUIRE(parse_notify("STATUS=")->status == "");
  REQUIRE(parse_notify("EXTEND_TIMEOUT_USEC=1500000")->extend == 1500ms);
  REQUIRE(parse_notify("EXTEND_TIMEOUT_USEC=18446744073709551615")->extend > 24h);
  REQUIRE_FALSE(parse_notify("EXTEND_TIMEOUT_USEC=-1")->extend);
  REQUIRE_FALSE(parse_notify("EXTEND_TIMEOUT_USEC=soon")->extend);
}

TEST_CASE("what is not a message of the protocol is told from one that says nothing") {
  REQUIRE_FALSE(parse_notify(""));
  REQUIRE_FALSE(parse_notify("hello"));
  REQUIRE_FALSE(parse_notify("=1\n=\n\n"));
  REQUIRE_FALSE(parse_notify(std::string_view("READY=1\0", 8)));
  REQUIRE(parse_notify("UNKNOWN=1"));
}

TEST_CASE("a status text is printable UTF-8 of bounded length") {
  REQUIRE(parse_notify("STATUS=a\tb\x1b[31m")->status == "a b [31m");
  REQUIRE(parse_notify("STATUS=\xff ok \xc3\xa9 \xed\xa0\x80")->status == "? ok \xc3\xa9 ???");
  const auto cut = parse_notify("STATUS=" + std::string(kMaxStatusBytes - 1, 'a') + "\xc3\xa9");
  REQUIRE(cut->status == std::string(kMaxStatusBytes - 1, 'a'));
}

TEST_CASE("a worker's message arrives under its identity") {
  Listening listening;
  const Launched worker = listening.launch({"--ready", "--notify", "STATUS=busy", "--exit", "0"});
  listening.finish(worker);
  REQUIRE(listening.heard.size() == 2);
  REQUIRE(listening.heard[0].first == kWorker);
  REQUIRE(listening.heard[0].second.ready);
  REQUIRE(listening.heard[1].second.status == "busy");
  REQUIRE(listening.socket->counters().messages == 2);
}

TEST_CASE("a message from a process that is not a worker is counted and ignored") {
  Listening listening;
  const Launched stranger = listening.launch({"--ready", "--exit", "0"});
  listening.known.clear();
  listening.finish(stranger);
  REQUIRE(listening.heard.empty());
  REQUIRE(listening.socket->counters().foreign == 1);
}

TEST_CASE("garbage is counted, does no harm, and what came with it is closed") {
  Listening listening;
  listening.io.poll();
  const std::size_t descriptors = own_descriptors().size();
  const Launched worker = listening.launch({"--garbage-notify", "--ready", "--exit", "0"});
  listening.finish(worker);
  REQUIRE(listening.socket->counters().garbage == 4);
  REQUIRE(listening.heard.size() == 2);
  REQUIRE(listening.heard[0].second.status == "with a descriptor");
  REQUIRE(listening.heard[1].second.ready);
  // All but the worker's pidfd, once the thread has come to it.
  run_until(listening.io, [&] { return own_descriptors().size() == descriptors + 1; });
}

TEST_CASE("as many descriptors as the kernel lets through do not stay either") {
  Listening listening;
  listening.known[::getpid()] = kWorker;
  const std::size_t descriptors = own_descriptors().size();
  Pipe pipe;
  const Fd sender(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::vector<int> many(FdCloser::kMostAtOnce, pipe.write.get());
  for (int i = 0; i < 8; ++i) {  // twice what may wait
    REQUIRE(send_descriptors(sender.get(), "READY=1", many, listening.path) == 0);
    run_until(listening.io, [&] { return listening.heard.size() == i + 1U; });
  }
  pipe.write.reset();
  REQUIRE(read_to_end(pipe.read.get()).empty());         // returns when the last one is closed
  REQUIRE(own_descriptors().size() == descriptors + 2);  // `sender` and one end of the pipe
}

TEST_CASE(
    "a descriptor is taken and closed, as sd_notify_barrier(3) waits for, also once restored") {
  Listening listening;
  listening.known[::getpid()] = kWorker;
  const Fd sender(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  for (std::size_t heard = 1; heard <= 2; ++heard) {
    Pipe pipe;
    REQUIRE(send_descriptors(sender.get(), "BARRIER=1", {pipe.write.get()}, listening.path) == 0);
    pipe.write.reset();
    run_until(listening.io, [&] { return listening.heard.size() == heard; });
    REQUIRE(read_to_end(pipe.read.get()).empty());  // returns when it is closed
    std::filesystem::remove(listening.path);
    REQUIRE(listening.socket->restore() == true);
  }
}

TEST_CASE("a worker that floods loses nothing and does not starve the loop") {
  Listening listening;
  bool stop = false;
  int other_turns = 0;
  std::function<void()> other = [&] {
    ++other_turns;
    if (!stop) boost::asio::post(listening.io, other);
  };
  boost::asio::post(listening.io, other);
  const Launched worker = listening.launch({"--flood-notify", "3000", "--exit", "0"});
  run_until(listening.io, [&] { return listening.heard.size() == 3000; });
  stop = true;
  REQUIRE(other_turns > 3000 / 256);
  REQUIRE(listening.heard.back().second.status == "message 2999");
  listening.finish(worker);
}

TEST_CASE("the last words of a worker are heard before its exit is acted upon") {
  Listening listening;
  Launched worker = listening.launch({"--last-words", "HOLDFAST_DRAINED=1\nSTATUS=bye"});
  bool drained_at_exit = false;
  bool ended = false;
  Child child(listening.io, std::move(worker), [&](Result<core::ExitStatus>) {
    listening.socket->drain_now();
    drained_at_exit = !listening.heard.empty() && listening.heard.back().second.drained;
    ended = true;
  });
  REQUIRE(child.signal(SIGTERM, true));
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT) == 0);
  run_until(listening.io, [&] { return ended; });
  if (!info.si_status) REQUIRE(drained_at_exit);
}

TEST_CASE("a program that runs as another user can notify when the mode lets it") {
  if (!is_root()) return;
  Listening listening(NotifySocket::kAnyUser);
  REQUIRE(::chmod(listening.directory.path().c_str(), 0711) == 0);
  const Launched worker =
      listening.launch({"--ready", "--exit", "0"}, Identity{65534, 65534, {65534}});
  listening.finish(worker);
  REQUIRE(listening.heard.size() == 1);
  struct stat info {};
  REQUIRE(::stat(listening.path.c_str(), &info) == 0);
  REQUIRE((info.st_mode & 0777) == 0622);
}

TEST_CASE("a stale socket is replaced, another kind of file is not, and the end removes it") {
  const TempDir directory;
  const auto path = directory.path() / "notify.sock";
  boost::asio::io_context io;
  const auto nobody = [](pid_t) { return std::optional<core::ProcessId>(); };
  const auto nothing = [](const core::ProcessId&, const NotifyMessage&) {};
  {
    auto first = NotifySocket::open(io, path, 0600, nobody, nothing);
    REQUIRE(first);
    auto second = NotifySocket::open(io, path, 0600, nobody, nothing);
    REQUIRE(second);
  }
  REQUIRE_FALSE(std::filesystem::exists(path));
  std::filesystem::create_directory(path);
  const auto refused = NotifySocket::open(io, path, 0600, nobody, nothing);
  REQUIRE_FALSE(refused);
  REQUIRE(refused.error().os_error == EADDRINUSE);
  const auto too_long =
      NotifySocket::open(io, directory.path() / std::string(120, 'x'), 0600, nobody, nothing);
  REQUIRE_FALSE(too_long);
  REQUIRE(too_long.error().kind == ErrorKind::InvalidArgument);
}

TEST_CASE("a notification socket that is dropped leaves no descriptor behind") {
  Listening listening;
  const std::size_t before = own_descriptors().size();
  {
    const TempDir directory;
    const auto nobody = [](pid_t) { return std::optional<core::ProcessId>(); };
    const auto nothing = [](const core::ProcessId&, const NotifyMessage&) {};
    const auto dropped =
        NotifySocket::open(listening.io, directory.path() / "n", 0600, nobody, nothing);
    REQUIRE(dropped);
    listening.io.poll();
    REQUIRE(own_descriptors().size() == before + 1);
  }
  REQUIRE(own_descriptors().size() == before);
}

TEST_CASE("a notification socket whose file vanished is bound again, and what was sent is read") {
  Listening listening;
  REQUIRE_FALSE(*listening.socket->restore());
  const Launched before = listening.launch({"--ready", "--exit", "0"});
  listening.finish(before);
  REQUIRE(listening.heard.size() == 1);
  // More often than former sockets are kept.
  for (std::size_t round = 2; round < 9; ++round) {
    std::filesystem::remove(listening.path);
    REQUIRE(*listening.socket->restore());
    const Launched after = listening.launch({"--ready", "--exit", "0"});
    listening.finish(after);
    REQUIRE(listening.heard.size() == round);
  }
  REQUIRE(listening.socket->counters().messages == 8);
}

TEST_CASE("a notification socket removes its own file only") {
  Listening listening;
  std::filesystem::remove(listening.path);
  const auto others = net::bind_unix_socket(SOCK_DGRAM, listening.path, 0600);
  REQUIRE(others);
  listening.socket.reset();
  REQUIRE(std::filesystem::exists(listening.path));
}

TEST_CASE("neither mode nor owner of what has taken a notification socket's place are changed") {
  Listening listening;
  const auto victim = listening.directory.path() / "victim";
  const auto mode_of = [](const std::filesystem::path& path) {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 07777;
  };
  const auto refuses = [&] {
    CHECK_FALSE(listening.socket->let_others_send());
    CHECK_FALSE(listening.socket->give_to(::geteuid(), ::getegid()));
  };
  std::filesystem::rename(listening.path, listening.directory.path() / "moved");
  std::ofstream(victim) << "x";
  REQUIRE(::chmod(victim.c_str(), 0600) == 0);

  std::filesystem::create_symlink(victim, listening.path);
  refuses();
  CHECK(mode_of(victim) == 0600);

  std::filesystem::remove(listening.path);
  std::filesystem::create_hard_link(victim, listening.path);
  refuses();
  CHECK(mode_of(victim) == 0600);

  std::filesystem::remove(listening.path);
  const auto others = net::bind_unix_socket(SOCK_DGRAM, listening.path, 0600);
  REQUIRE(others);
  refuses();
  CHECK(mode_of(listening.path) == 0600);

  std::filesystem::rename(listening.directory.path() / "moved", listening.path);
  CHECK(listening.socket->let_others_send());
  CHECK(mode_of(listening.path) == NotifySocket::kAnyUser);
  CHECK(listening.socket->give_to(::geteuid(), ::getegid()));
}
