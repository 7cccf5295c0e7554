// SPDX-License-Identifier: Apache-2.0
#include "common/net/listen.hpp"

#include "common/net/refuse_descriptors.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/send_descriptor.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <fstream>

using namespace holdfast;
using namespace holdfast::net;
using holdfast::test::TempDir;

namespace {

mode_t mode_of(const std::filesystem::path& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

Fd connect_to(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    client.reset();
  return client;
}

bool can_connect(const std::filesystem::path& path) {
  return static_cast<bool>(connect_to(path));
}

}  // namespace

TEST_CASE("a listener is non-blocking, close-on-exec and has the address it was asked for") {
  const TempDir dir;
  const std::string path = "unix:" + (dir / "s").native();
  for (const std::string& address : {std::string("127.0.0.1:0"), std::string("[::]:0"), path}) {
    CAPTURE(address);
    const auto listener = open_listener(address, 16);
    REQUIRE(listener);
    CHECK((::fcntl(listener->get(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC) != 0);
    const std::string bound = *address_of(listener->get());
    CHECK(bound.starts_with(address == path ? path : address.substr(0, address.size() - 1)));
    CHECK_FALSE(bound.ends_with(":0"));
  }
}

TEST_CASE("an address that cannot be listened on is an error that says why") {
  for (const std::string& address :
       {std::string(""), std::string("127.0.0.1"), std::string(":80"), std::string("::1:80"),
        std::string("127.0.0.1:"), std::string("127.0.0.1:http"), std::string("127.0.0.1:65536"),
        std::string("127.0.0.1:-1"), std::string("no such host:80"), std::string("[]:80"),
        std::string("unix:"), "unix:/" + std::string(200, 'a')}) {
    CAPTURE(address);
    const auto listener = open_listener(address);
    REQUIRE_FALSE(listener);
    CHECK(listener.error().kind == ErrorKind::InvalidArgument);
  }
  CHECK(open_listener("192.0.2.1:0").error().os_error == EADDRNOTAVAIL);
  CHECK(open_listener("unix:/nonexistent/dir/s").error().os_error == ENOENT);
}

TEST_CASE("a port in use is an error that names it and says what to do") {
  const auto first = open_listener("127.0.0.1:0");
  const std::string address = *address_of(first->get());
  const auto second = open_listener(address);
  REQUIRE_FALSE(second);
  CHECK(second.error().os_error == EADDRINUSE);
  CHECK_THAT(second.error().message, Catch::Contains(address) && Catch::Contains("ss -ltnp"));
}

TEST_CASE("the file of a Unix listener has the mode it was asked for, whatever the umask") {
  const TempDir dir;
  const mode_t before = ::umask(0077);
  const auto shared = open_listener("unix:" + (dir / "shared").native());
  const auto open = listen_unix_socket(dir / "open", 0666, 16);
  const auto datagrams = bind_unix_socket(SOCK_DGRAM, dir / "datagrams", 0620);
  ::umask(before);
  REQUIRE(shared);
  REQUIRE(open);
  REQUIRE(datagrams);
  CHECK(mode_of(dir / "shared") == 0660);
  CHECK(mode_of(dir / "open") == 0666);
  CHECK(mode_of(dir / "datagrams") == 0620);
}

TEST_CASE("the socket that a killed process left behind is replaced, one in use is not") {
  const TempDir dir;
  { const auto abandoned = listen_unix_socket(dir / "s", 0600, 16); }
  REQUIRE(std::filesystem::exists(dir / "s"));
  const auto live = listen_unix_socket(dir / "s", 0600, 16);
  REQUIRE(live);
  const auto second = listen_unix_socket(dir / "s", 0600, 16);
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::Conflict);
  CHECK(can_connect(dir / "s"));
}

TEST_CASE("a listener with a full backlog is in use") {
  const TempDir dir;
  const auto live = listen_unix_socket(dir / "s", 0600, 0);
  REQUIRE(live);
  REQUIRE(can_connect(dir / "s"));  // fills the backlog
  CHECK(listen_unix_socket(dir / "s", 0600, 16).error().kind == ErrorKind::Conflict);
}

TEST_CASE("a file that is not a socket is left alone") {
  const TempDir dir;
  std::ofstream(dir / "precious") << "data";
  const auto listener = open_listener("unix:" + (dir / "precious").native());
  REQUIRE_FALSE(listener);
  CHECK(listener.error().kind == ErrorKind::Conflict);
  CHECK(bind_unix_socket(SOCK_DGRAM, dir / "precious", 0600).error().kind == ErrorKind::Conflict);
  CHECK(std::filesystem::file_size(dir / "precious") == 4);
}

TEST_CASE("a listener takes no descriptors unless another program may serve it") {
  const TempDir dir;
  const auto ours = listen_unix_socket(dir / "ours", 0600, 16);
  const auto theirs = open_listener("unix:" + (dir / "theirs").native());
  REQUIRE(ours);
  REQUIRE(theirs);
  const auto send_to = [](const std::filesystem::path& path) {
    const Fd client = connect_to(path);
    REQUIRE(client);
    return holdfast::test::send_descriptors(client.get(), "x", {0});
  };
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (refuse_descriptors(probe.get())) CHECK(send_to(dir / "ours") == EPERM);  // this kernel can
  CHECK(send_to(dir / "theirs") == 0);
}
