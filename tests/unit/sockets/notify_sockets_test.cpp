// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/notify_sockets.hpp"

#include "common/os/proc.hpp"
#include "tests/support/launched.hpp"

#include <boost/asio/io_context.hpp>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::sockets;
using namespace holdfast::supervisor::process::test;

namespace {

constexpr core::ProcessId kLoud{{1, 0}, 1};
constexpr core::ProcessId kQuiet{{2, 0}, 1};

struct Listening {
  Listening() {
    std::filesystem::create_directory(directory.path() / "notify");
    auto opened = NotifySockets::open(
        io, directory.path() / "notify.sock", directory.path() / "notify",
        [this](pid_t pid) {
          return known.contains(pid) ? std::optional(known.at(pid)) : std::nullopt;
        },
        [this](const core::ProcessId& process, const NotifyMessage& message) {
          heard.emplace_back(process, message);
        },
        {});
    REQUIRE(opened);
    sockets = std::move(*opened);
  }

  std::filesystem::path add(const core::ProcessId& process, const std::string& worker) {
    const auto path = sockets->add(process, worker, {});
    REQUIRE(path);
    return *path;
  }

  Launched launch(const core::ProcessId& as, const std::filesystem::path& socket,
                  const Arguments& arguments) {
    LaunchSpec spec = misbehaving(arguments);
    spec.envp = {"NOTIFY_SOCKET=" + socket.native()};
    Launcher launcher;
    auto launched = launcher.launch(spec);
    REQUIRE(launched);
    known[launched->pid] = as;
    return std::move(*launched);
  }

  bool ready(const core::ProcessId& process) const {
    return std::any_of(heard.begin(), heard.end(),
                       [&](const auto& one) { return one.first == process && one.second.ready; });
  }

  TempDir directory;
  boost::asio::io_context io;
  std::map<pid_t, core::ProcessId> known;
  std::vector<std::pair<core::ProcessId, NotifyMessage>> heard;
  std::unique_ptr<NotifySockets> sockets;
};

}  // namespace

TEST_CASE("a queue that one process fills is full for nobody else") {
  Listening listening;
  const auto loud = listening.add(kLoud, "loud.0");
  const auto quiet = listening.add(kQuiet, "quiet.0");
  REQUIRE(loud == listening.directory.path() / "notify" / "loud.0.1");
  // Nobody reads meanwhile: the queue is full, and the sender stuck.
  const Launched flood = listening.launch(kLoud, loud, {"--flood-notify", "100000000"});
  wait_until([&] { return read_process_stat(flood.pid)->state == 'S'; });
  const Launched worker = listening.launch(kQuiet, quiet, {"--ready", "--exit", "0"});
  wait_for(worker);  // its message was taken at once
  listening.sockets->drain_now(kQuiet);
  REQUIRE(listening.ready(kQuiet));
  ::kill(flood.pid, SIGKILL);
  wait_for(flood);
}

TEST_CASE("a process cannot speak through the socket of another") {
  Listening listening;
  listening.add(kLoud, "loud.0");
  const auto quiet = listening.add(kQuiet, "quiet.0");
  wait_for(listening.launch(kLoud, quiet, {"--ready", "--exit", "0"}));
  listening.sockets->drain_now(kQuiet);
  REQUIRE(listening.heard.empty());
  REQUIRE(listening.sockets->counters().foreign == 1);
  listening.sockets->remove(kQuiet);
  REQUIRE_FALSE(std::filesystem::exists(quiet));
  REQUIRE(listening.sockets->counters().foreign == 1);  // what was counted stays
}

TEST_CASE("the shared socket takes messages of all") {
  Listening listening;
  listening.add(kQuiet, "quiet.0");
  wait_for(listening.launch(kQuiet, listening.directory.path() / "notify.sock",
                            {"--ready", "--exit", "0"}));
  listening.sockets->drain_now(kQuiet);
  REQUIRE(listening.ready(kQuiet));
}

TEST_CASE("notification sockets that vanish are made again, and belong to their user") {
  Listening listening;
  const Identity nobody{is_root() ? 65534 : ::geteuid(), is_root() ? 65534 : ::getegid(), {}};
  const auto path = listening.sockets->add(kQuiet, "quiet.0", nobody);
  REQUIRE(path);
  const auto owner = [&] {
    struct stat info {};
    REQUIRE(::stat(path->c_str(), &info) == 0);
    REQUIRE((info.st_mode & 0777) == 0600);
    return info.st_uid;
  };
  REQUIRE(owner() == nobody.uid);
  REQUIRE(listening.sockets->restore() == 0U);
  std::filesystem::remove(*path);
  REQUIRE(listening.sockets->restore() == 1U);
  REQUIRE(owner() == nobody.uid);
}
