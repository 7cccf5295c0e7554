// SPDX-License-Identifier: Apache-2.0
// What a hostile or broken neighbour can do: docs/security.md.
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <tuple>

using namespace holdfast;
using namespace holdfast::test;
namespace fs = std::filesystem;

namespace {

std::string command_line() {
  return bin_dir() / "holdfast";
}

// A connection to "address:port" or to the path of a socket.
Fd connect_to(const std::string& where) {
  if (where.starts_with('/')) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, where.c_str(), sizeof address.sun_path - 1);
    const auto* const to = reinterpret_cast<const sockaddr*>(&address);
    return ::connect(fd.get(), to, sizeof address) == 0 ? std::move(fd) : Fd();
  }
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto colon = where.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(where.substr(colon + 1))));
  ::inet_pton(AF_INET, where.substr(0, colon).c_str(), &address.sin_addr);
  const auto* const to = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(fd.get(), to, sizeof address) == 0 ? std::move(fd) : Fd();
}

// The status line of the answer to these bytes; empty if there is none.
std::string ask(const Fd& connection, const std::string& bytes) {
  if (::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return {};
  std::string line;
  for (char byte = 0; ::recv(connection.get(), &byte, 1, 0) == 1 && byte != '\r';)
    line += byte;
  return line;
}

std::string ask(const std::string& where, const std::string& path,
                const std::string& host = "localhost") {
  return ask(connect_to(where), "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
}

std::vector<Fd> idle_connections(const std::string& where, int count) {
  std::vector<Fd> result;
  for (int i = 0; i < count; ++i)
    result.push_back(connect_to(where));
  return result;
}

mode_t mode_of(const fs::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

std::size_t count_events(Stack& stack, const std::string& kind) {
  std::size_t count = 0;
  for (const auto& event : stack.events())
    count += event.value("kind", "") == kind ? 1 : 0;
  return count;
}

bool wait_output(Stack& stack, const std::string& text) {
  return wait_until([&] { return stack.supervisor().output().find(text) != std::string::npos; });
}

const std::string kOk = "HTTP/1.1 200 OK";

// Starts the supervisor from a shell that has changed something before.
std::vector<std::string> after(const std::string& shell) {
  return {"/bin/sh", "-c", shell + "; exec '" + command_line() + "' run"};
}

}  // namespace

TEST_CASE("notify: programs that flood cost nobody else a start or a heartbeat") {
  Stack stack(misbehaving("flood", {"--ready", "--flood-notify", "1000000000"},
                          "replicas = 4\nwatchdog = \"0s\"\nstop_timeout = \"200ms\"\n") +
                  misbehaving("steady", {"--watchdog-ok"},
                              "watchdog = \"3s\"\nwatchdog_interval = \"1s\"\n") +
                  api_workers(2),
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.command({"restart", "api-worker"}).exit_code == 0);
  for (const char* worker : {"api-worker.0", "api-worker.1", "steady.0", "flood.0", "flood.3"}) {
    INFO(worker);
    CHECK(stack.state_of(worker) == "ready");
    CHECK(stack.worker(worker).value("restarts", 9) == 0);
  }
  CHECK(stack.get("/ready").status == 200);
}

TEST_CASE("status: connections that somebody leaves open keep neither probes nor scrapers out") {
  Stack stack(api_workers(1), kNoPort);
  stack.wait_ready();
  const std::string tcp = stack.address_of("status");
  const std::vector<Fd> on_socket = idle_connections(stack.runtime_dir() / "status.sock", 400);
  const std::vector<Fd> on_tcp = idle_connections(tcp, 400);
  for (int i = 0; i < 20; ++i) {
    CHECK(stack.get("/ready").status == 200);
    CHECK(ask(tcp, "/metrics") == kOk);
    CHECK(ask(stack.runtime_dir() / "status.sock", "/status") == kOk);
  }
  // So do those who ask for something and do not read it.
  std::vector<Fd> deaf = idle_connections(tcp, 300);
  for (const Fd& one : deaf) {
    for (int i = 0; i < 20; ++i)
      std::ignore = ::send(one.get(), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 43,
                           MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  CHECK(ask(tcp, "/ready") == kOk);
}

TEST_CASE("status: its connections take no descriptor that a restart needs") {
  Stack stack(misbehaving("web", {"--ready"}, "replicas = 4\nbackoff_base = \"10ms\"\n"), kNoPort,
              after("ulimit -n 200"));
  stack.wait_ready();
  const std::string tcp = stack.address_of("status");
  std::vector<Fd> open = idle_connections(tcp, 500);
  for (Fd& one : idle_connections(stack.runtime_dir() / "status.sock", 500))
    open.push_back(std::move(one));
  for (const char* name : {"web.0", "web.1", "web.2", "web.3"}) {
    INFO(name);
    const pid_t before = stack.pid_of(name);
    REQUIRE(before > 0);
    signal_process(before, SIGKILL);
    REQUIRE(wait_until(
        [&] { return stack.pid_of(name) != before && stack.state_of(name) == "ready"; }));
  }
  CHECK(count_events(stack, "spawn_failed") == 0);
  REQUIRE(stack.command({"restart", "web"}).exit_code == 0);
  CHECK(ask(tcp, "/ready") == kOk);
}

TEST_CASE("start: a limit of open files that is too low for the workers is told") {
  Stack stack(misbehaving("web", {"--ready"}, "replicas = 10\n"), kNoPort, after("ulimit -n 200"));
  REQUIRE(wait_output(stack, "the limit of 200 open files is too low for 10 workers"));
}

TEST_CASE("listeners: one that a program shuts down is opened anew, with an alert") {
  const std::string script =
      "import socket,time; socket.socket(fileno=3).shutdown(socket.SHUT_RDWR); time.sleep(600)";
  Stack stack(
      api_workers(1) + "\n[program.rude]\n" + command_of({"python3", "-c", script}) +
          "sockets = [\"http\"]\nready = \"started\"\nmetrics = \"off\"\nautostart = false\n",
      kNoPort);
  stack.wait_ready();
  const std::string address = stack.address_of("http");
  const pid_t worker = stack.pid_of("api-worker.0");
  REQUIRE(ask(address, "/health") == kOk);
  REQUIRE(stack.command({"start", "rude"}).exit_code == 0);
  REQUIRE(stack.wait_event("listener_reopened", "listener 'http'"));
  REQUIRE(wait_until([&] { return ask(address, "/health") == kOk; }));
  CHECK(stack.address_of("http") == address);
  CHECK(stack.pid_of("api-worker.0") == worker);
  const auto status = stack.status();
  REQUIRE(status.contains("alerts"));
  CHECK(status["alerts"].dump().find("HoldfastListenerShutDown") != std::string::npos);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_listener_reopened_total", "listener=\"http\"") >=
        1);
}

TEST_CASE("listeners: a Unix one is made anew, and those who have it are restarted") {
  const std::string script =
      "import socket,time; socket.socket(fileno=3).shutdown(socket.SHUT_RD); time.sleep(600)";
  const TempDir directory;
  const std::string path = directory / "web.sock";
  Stack stack(
      "[listen.web]\naddress = \"unix:" + path + "\"\n\n" + api_workers(1) + "\n[program.rude]\n" +
          command_of({"python3", "-c", script}) +
          "sockets = [\"web\"]\nready = \"started\"\nmetrics = \"off\"\nautostart = false\n" +
          "\n[program.quiet]\n" + command_of({"sleep", "600"}) +
          "sockets = [\"web\"]\nready = \"started\"\nmetrics = \"off\"\n",
      kNoPort);
  stack.wait_ready();
  const pid_t before = stack.pid_of("quiet.0");
  REQUIRE(connect_to(path));
  REQUIRE(stack.command({"start", "rude"}).exit_code == 0);
  REQUIRE(stack.wait_event("listener_reopened", "'web'"));
  REQUIRE(wait_until([&] { return static_cast<bool>(connect_to(path)); }));
  REQUIRE(wait_until([&] { return stack.pid_of("quiet.0") != before; }));
}

TEST_CASE("admin.sock: a worker, or what it has started, cannot command the fleet") {
  const std::string said = "; echo said $?; sleep 600";
  const auto program = [&](const std::string& name, const std::string& script) {
    return "[program." + name + "]\n" + command_of({"/bin/sh", "-c", script + said}) +
           "ready = \"started\"\nmetrics = \"off\"\nafter = [\"web\"]\n\n";
  };
  // Forked, in a session of its own, without its parent and without our variables.
  const TempDir directory;
  const std::string out = directory / "out";
  Stack stack(
      misbehaving("web", {"--ready"}) + program("plain", command_line() + " stop web 2>&1") +
          program("reader", command_line() + " status >/dev/null") +
          program("logs", command_line() + " logs -n 1 2>&1") +
          program("daemon",
                  "(env -i HOLDFAST_CONFIG=$HOLDFAST_CONFIG "
                  "HOLDFAST_RUNTIME_DIR=$HOLDFAST_RUNTIME_DIR setsid sh -c '" +
                      command_line() + " stop web >" + out + " 2>&1; echo over >>" + out + "' &)"),
      kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until([&] {
    const std::string output = stack.supervisor().output();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = output.find("may not administer", at)) != std::string::npos;
         ++at)
      ++count;
    return count >= 2 && output.find("said 0") != std::string::npos;
  }));
  REQUIRE(wait_until([&] {
    std::ifstream file(out);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return text.find("may not administer") != std::string::npos &&
           text.find("over") != std::string::npos;
  }));
  CHECK(stack.state_of("web.0") == "ready");
  // Whoever is not one of them may.
  CHECK(stack.command({"stop", "web"}).exit_code == 0);
}

TEST_CASE("files: the state directory and the database are private whatever the umask") {
  for (const char* mask : {"000", "022", "077"}) {
    INFO(mask);
    Stack stack(api_workers(1), kNoPort, after(std::string("umask ") + mask));
    stack.wait_ready();
    REQUIRE(stack.post_json("/api/documents", {{"content", "private"}}).status == 202);
    const fs::path state = stack.file("state");
    CHECK(mode_of(state) == 0750);
    CHECK(mode_of(state / "holdfast.db") == 0640);
    for (const auto& entry : fs::directory_iterator(state)) {
      INFO(entry.path().string());
      CHECK((mode_of(entry.path()) & 0007) == 0);
    }
  }
}

TEST_CASE("workers of a supervisor that is root run as worker_user, and the state is theirs") {
  if (::geteuid() != 0) {
    WARN("not tested: only root may start workers as another user");
    return;
  }
  const TempDir directory;
  fs::permissions(directory.path(), fs::perms(0755));
  const fs::path state = directory / "state";
  const fs::path config = directory / "holdfast.toml";
  const auto toml = [](const std::string& user) {
    return "[supervisor]\nworker_user = \"" + user + "\"\n\n" + api_workers(1);
  };
  std::ofstream(config) << toml("nobody");
  Stack stack(toml("nobody"),
              {{"PORT", "0"}, {"HOLDFAST_STATE_DIR", state}, {"HOLDFAST_CONFIG", config}}, {},
              directory / "run");
  stack.wait_ready();
  const auto user_of = [](pid_t pid) {
    struct stat info {};
    REQUIRE(::stat(("/proc/" + std::to_string(pid)).c_str(), &info) == 0);
    return info.st_uid;
  };
  CHECK(user_of(stack.pid_of("api-worker.0")) == 65534);
  CHECK(user_of(stack.supervisor().pid()) == 0);
  CHECK(stack.post_json("/api/documents", {{"content", "ours"}}).status == 202);
  CHECK(mode_of(state / "holdfast.db") == 0640);
  // "root" is for those who want it so; the reload rolls the workers.
  std::ofstream(config) << toml("root");
  CHECK(stack.command({"reload"}).exit_code == 0);
  CHECK(user_of(stack.pid_of("api-worker.0")) == 0);
}

TEST_CASE("status: a Host that it was not told of is refused, as DNS rebinding would send it") {
  Stack stack(
      "[supervisor]\nstatus_hosts = [\"status.example.com\"]\n\n" + misbehaving("web", {"--ready"}),
      kNoPort);
  stack.wait_ready();
  const std::string tcp = stack.address_of("status");
  for (const char* path : {"/status", "/metrics", "/", "/ready", "/events"}) {
    INFO(path);
    CHECK(ask(tcp, path, "evil.example:9900") == "HTTP/1.1 421 Misdirected Request");
  }
  CHECK(ask(tcp, "/status", "status.example.com") == kOk);
  CHECK(ask(tcp, "/status", "127.0.0.1:9900") == kOk);
  CHECK(ask(stack.runtime_dir() / "status.sock", "/status", "whatever") == kOk);
}
