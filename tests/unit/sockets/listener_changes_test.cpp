// SPDX-License-Identifier: Apache-2.0
// What happens to sockets when a reload gives their listeners other addresses or names, and to the
// files of Unix sockets.
#include "common/config/reload.hpp"
#include "common/net/address.hpp"
#include "common/net/listen.hpp"
#include "supervisor/sockets/listeners.hpp"
#include "supervisor/sockets/passed_address.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/sockets/listening.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

using namespace holdfast;
using namespace holdfast::supervisor::sockets;
using namespace holdfast::supervisor::sockets::test;
using holdfast::test::TempDir;

namespace {

std::string a_free_address(const std::string& host = "127.0.0.1") {
  return host + ":" + holdfast::test::free_port();
}

bool is_open(const std::string& address) {
  const auto parsed = net::parse_listen_address(address);
  REQUIRE(parsed);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(parsed->port);
  ::inet_pton(AF_INET, parsed->host.c_str(), &to.sin_addr);
  const Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
}

}  // namespace

TEST_CASE("a file that names an address again gets the socket that a process still has") {
  const auto before = on(a_free_address(), 16);
  const auto after = on(a_free_address(), 16);
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"a", before}}));
  auto held = listeners.lend("a", config::digest_of(before));
  REQUIRE(held);

  REQUIRE(listeners.apply(Wanted{{"a", after}}));
  CHECK(listeners.find("a") != held->socket);
  CHECK_FALSE(listeners.is_current(held->lease));
  CHECK(takes_connections(held->socket, before.address));
  // Who is restarted as it was is restarted there, and who is started anew is not.
  CHECK(listeners.lend("a", config::digest_of(before))->socket == held->socket);
  CHECK(listeners.lend("a", config::digest_of(after))->socket == listeners.find("a"));

  SECTION("its former listener") {
    REQUIRE(listeners.apply(Wanted{{"a", before}}));
    CHECK(listeners.find("a") == held->socket);
    CHECK_FALSE(is_open(after.address));
  }
  SECTION("another listener") {
    REQUIRE(listeners.apply(Wanted{{"a", after}, {"b", before}}));
    CHECK(listeners.find("b") == held->socket);
  }
  SECTION("no listener: it is open for as long as somebody has it") {
    REQUIRE(listeners.apply({}));
    CHECK(is_open(before.address));
    held->lease.reset();
    CHECK_FALSE(is_open(before.address));
    // For who is started as before all the same.
    held = listeners.lend("a", config::digest_of(before));
    REQUIRE(held);
    CHECK(takes_connections(held->socket, before.address));
    held->lease.reset();
    CHECK_FALSE(is_open(before.address));
    CHECK_FALSE(listeners.lend("a", std::nullopt));
  }
  SECTION("a shutdown closes it as well") {
    listeners.close_opened();
    CHECK_FALSE(is_open(before.address));
    CHECK_FALSE(is_open(after.address));
    CHECK_FALSE(listeners.lend("a", config::digest_of(before)));
  }
}

TEST_CASE("two listeners change their addresses with each other, and keep both sockets") {
  const auto first = on(a_free_address(), 16);
  const auto second = on(a_free_address(), 16);
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"a", first}, {"b", second}}));
  const int one = listeners.find("a");
  const int two = listeners.find("b");
  const auto held = listeners.lend("a", config::digest_of(first));
  REQUIRE(listeners.apply(Wanted{{"a", second}, {"b", first}}));
  CHECK(listeners.find("a") == two);
  CHECK(listeners.find("b") == one);
  CHECK(listeners.lend("a", config::digest_of(first))->socket == one);
  CHECK(takes_connections(one, first.address));
  CHECK(takes_connections(two, second.address));
}

TEST_CASE("a listener goes from one address to all of them while a process has the former one") {
  const std::string all = GENERATE("0.0.0.0", "[::]");
  const std::string port = holdfast::test::free_port();
  const auto before = on("127.0.0.1:" + port, 16);
  const auto after = on(all + ":" + port, 16);
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"a", before}}));
  auto held = listeners.lend("a", config::digest_of(before));
  REQUIRE(held);
  const auto changed = listeners.apply(Wanted{{"a", after}});
  INFO((changed ? "" : changed.error().message));
  REQUIRE(changed);
  CHECK(takes_connections(held->socket, before.address));
  CHECK(is_open("127.0.0.2:" + port));
  CHECK_FALSE(net::open_listener(before.address));  // nobody else gets it
  held->lease.reset();
  CHECK(is_open(before.address));
  REQUIRE(listeners.apply(Wanted{{"a", before}}));
  CHECK_FALSE(is_open("127.0.0.2:" + port));
}

TEST_CASE("what stands in the way of a listener is named, if it is another listener") {
  ListenerSet listeners;
  const auto any = on("127.0.0.1:0", 16);
  REQUIRE(listeners.apply(Wanted{{"any", any}}));
  const std::string address = listeners.address("any");
  auto refused = listeners.apply(Wanted{{"any", any}, {"b", on(address, 16)}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "[listen.b] address: '" + address + "' is what [listen.any] has");
  const std::string all = "0.0.0.0" + address.substr(address.find(':'));
  refused = listeners.apply(Wanted{{"any", any}, {"b", on(all, 16)}});
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("; [listen.any] has '" + address + "'"));
  CHECK(takes_connections(listeners.find("any"), address));
}

TEST_CASE("a Unix listener with another name keeps its socket and its file") {
  const TempDir directory;
  const std::string path = directory.path() / "web.sock";
  ListenerSet listeners;
  auto listen = on("unix:" + path, 16);
  REQUIRE(listeners.apply(Wanted{{"a", listen}}));
  const int socket = listeners.find("a");
  listen.mode = 0606;
  const auto renamed = listeners.apply(Wanted{{"b", listen}});
  INFO((renamed ? "" : renamed.error().message));
  REQUIRE(renamed);
  CHECK(listeners.find("b") == socket);
  CHECK(listeners.find("a") == -1);
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0606);
  CHECK(takes_connections(socket, "unix:" + path));
}

TEST_CASE("a Unix listener's file goes with it, and nobody else's does") {
  namespace fs = std::filesystem;
  const TempDir directory;
  const std::string path = directory.path() / "web.sock";
  const std::string other = directory.path() / "other.sock";
  const auto listen = on("unix:" + path, 16);
  {
    ListenerSet listeners;
    REQUIRE(listeners.apply(Wanted{{"web", listen}}));
    // A file that was refused leaves nothing behind.
    REQUIRE_FALSE(listeners.apply(
        Wanted{{"web", listen}, {"b", on("unix:" + other, 16)}, {"c", on("unix:/none/c", 16)}}));
    CHECK_FALSE(fs::exists(other));
    CHECK(fs::exists(path));
    REQUIRE(listeners.apply(Wanted{{"b", on("unix:" + other, 16)}}));
    CHECK_FALSE(fs::exists(path));
    listeners.close_opened();
    CHECK(fs::exists(other));  // those who have it still answer there
  }
  CHECK_FALSE(fs::exists(other));
  {
    ListenerSet listeners;
    REQUIRE(listeners.apply(Wanted{{"web", listen}}));
    fs::remove(path);
    std::ofstream(path) << "not ours";
  }
  CHECK(fs::exists(path));
}

TEST_CASE("a Unix listener whose file was removed, moved or replaced is made anew") {
  using Outcome = ListenerSet::Repair::Outcome;
  namespace fs = std::filesystem;
  const TempDir directory;
  const std::string path = directory.path() / "web.sock";
  ListenerSet listeners;
  REQUIRE(listeners.apply(Wanted{{"web", on("unix:" + path, 16)}}));
  REQUIRE(listeners.repair().empty());
  SECTION("removed") {
    fs::remove(path);
  }
  SECTION("moved") {
    fs::rename(path, directory.path() / "moved.sock");
  }
  SECTION("replaced by a socket that somebody uses") {
    fs::remove(path);
    const Fd other = net::open_listener("unix:" + path).value();
    const auto failed = listeners.repair();
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].outcome == Outcome::Failed);
    CHECK(failed[0].file_gone);
    CHECK_THAT(failed[0].why, Catch::Contains("another program already listens"));
  }
  const auto repairs = listeners.repair();
  REQUIRE(repairs.size() == 1);
  CHECK(repairs[0].outcome == Outcome::Replaced);
  CHECK(repairs[0].file_gone);
  CHECK(takes_connections(listeners.find("web"), "unix:" + path));
  CHECK(listeners.repair().empty());
}

TEST_CASE("of a socket that was passed a start tells, and a reload refuses, another address") {
  auto passed = net::open_listener("127.0.0.1:0", 16);
  REQUIRE(passed);
  const std::string address = *net::address_of(passed->get());
  ListenerSet listeners;
  REQUIRE(listeners.adopt(passed->release(), {"http"}));
  SECTION("the start") {
    REQUIRE(listeners.apply(Wanted{{"http", on("0.0.0.0:1", 16)}}));
    const auto told = listeners.differences();
    REQUIRE(told.size() == 1);
    CHECK(told[0].find("[listen.http] address (or PORT) is '0.0.0.0:1'") != std::string::npos);
    CHECK(told[0].find('\'' + address + '\'') != std::string::npos);
    // It does not stand in the way of a reload that has another reason, nor of its own end.
    REQUIRE(listeners.apply(Wanted{{"http", on("0.0.0.0:1", 32)}}));
    REQUIRE(listeners.apply(Wanted{{"http", on(address, 32)}}));
    CHECK(listeners.differences().empty());
  }
  SECTION("a reload") {
    REQUIRE(listeners.apply(Wanted{{"http", on(address, 16)}}));
    CHECK(listeners.differences().empty());
    const auto changed =
        listeners.apply(Wanted{{"http", on("0.0.0.0:1", 16)}, {"more", on("127.0.0.1:0", 16)}});
    REQUIRE_FALSE(changed);
    INFO(changed.error().message);
    CHECK(changed.error().message.find("change holdfast.socket") != std::string::npos);
    CHECK(listeners.find("more") == -1);
    // Another way to write the same.
    REQUIRE(listeners.apply(Wanted{{"http", on("127.0.0.1:0", 16)}}));
  }
}

TEST_CASE("where a passed socket listens is compared by what it means, not by how it is written") {
  const auto listens = [](const std::string& bound, const std::string& configured) {
    return listens_at(-1, bound, configured);  // not one for IPv6 only
  };
  for (const auto& [bound, configured] : std::vector<std::pair<std::string, std::string>>{
           {"0.0.0.0:3000", "0.0.0.0:3000"},
           {"[::]:3000", "[::]:3000"},
           {"[::]:3000", "0.0.0.0:3000"},
           {"[::]:3000", "[0:0::0]:3000"},
           {"[::1]:80", "[0::1]:80"},
           {"[::ffff:10.0.0.1]:80", "10.0.0.1:80"},
           {"[fe80::1%eth0]:80", "[fe80::1]:80"},
           {"127.0.0.1:4242", "localhost:0"},
           {"unix:/run/web.sock", "unix:/run//x/../web.sock"},
           {"unix:", "127.0.0.1:80"},  // an abstract one
       }) {
    INFO(bound << " and " << configured);
    CHECK(listens(bound, configured));
  }
  for (const auto& [bound, configured] : std::vector<std::pair<std::string, std::string>>{
           {"0.0.0.0:3000", "0.0.0.0:3001"},
           {"0.0.0.0:3000", "[::]:3000"},
           {"0.0.0.0:3000", "127.0.0.1:3000"},
           {"127.0.0.1:3000", "0.0.0.0:3000"},
           {"[::]:3000", "127.0.0.1:3000"},
           {"[::]:3000", "[::1]:3000"},
           {"unix:/run/web.sock", "unix:/run/other.sock"},
           {"unix:/run/web.sock", "127.0.0.1:80"},
           {"127.0.0.1:80", "unix:/run/web.sock"},
       }) {
    INFO(bound << " and " << configured);
    CHECK_FALSE(listens(bound, configured));
  }
}

TEST_CASE("a passed socket for IPv6 only is not one for IPv4, and a link leads to the same file") {
  const Fd v6(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int only = 1;
  if (v6 && ::setsockopt(v6.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0) {
    CHECK_FALSE(listens_at(v6.get(), "[::]:80", "[::]:80"));
    CHECK_FALSE(listens_at(v6.get(), "[::]:80", "0.0.0.0:80"));
    CHECK(listens_at(v6.get(), "[::1]:80", "[::1]:80"));
    CHECK(describe_passed(v6.get(), "[::]:80") == "'[::]:80' (IPv6 only)");
  }
  const TempDir directory;
  std::filesystem::create_directory(directory / "run");
  std::filesystem::create_directory_symlink("run", directory / "legacy");
  const auto file = net::open_listener("unix:" + (directory / "run/web.sock").string());
  REQUIRE(file);
  CHECK(listens_at(file->get(), *net::address_of(file->get()),
                   "unix:" + (directory / "legacy/web.sock").string()));
}
