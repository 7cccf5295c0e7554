// SPDX-License-Identifier: Apache-2.0
#include "tests/support/catch.hpp"
#include "tests/unit/http/harness.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

TEST_CASE("A listener is non-blocking and close-on-exec") {
  TempDir dir;
  for (const std::string& address :
       {std::string("127.0.0.1:0"), std::string("[::1]:0"), "unix:" + (dir / "s").string()}) {
    CAPTURE(address);
    const auto listener = open_listener(address);
    REQUIRE(listener);
    CHECK((::fcntl(listener->get(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC) != 0);
  }
}

TEST_CASE("A Unix listener is for its owner and group, whatever the umask") {
  TempDir dir;
  const mode_t before = ::umask(0077);
  const auto listener = open_listener("unix:" + (dir / "s").string());
  ::umask(before);
  REQUIRE(listener);
  struct stat info {};
  REQUIRE(::stat((dir / "s").string().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0660);
}

TEST_CASE("A stale socket file is replaced, a live one is not") {
  TempDir dir;
  const std::string address = "unix:" + (dir / "s").string();
  { const auto gone = make_listener(address); }  // leaves its file behind
  auto live = open_listener(address);
  REQUIRE(live);
  const auto second = open_listener(address);
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::Conflict);
  RawClient client((dir / "s").string());  // the live one still listens there
}

TEST_CASE("A file that is no socket is left alone") {
  TempDir dir;
  std::ofstream((dir / "precious").string()) << "data";
  const auto listener = open_listener("unix:" + (dir / "precious").string());
  REQUIRE_FALSE(listener);
  CHECK(listener.error().kind == ErrorKind::Conflict);
  CHECK(std::filesystem::file_size((dir / "precious").string()) == 4);
}

TEST_CASE("Addresses that cannot be listened on are errors that say why") {
  for (const std::string& address :
       {std::string(""), std::string("127.0.0.1"), std::string(":80"), std::string("::1:80"),
        std::string("127.0.0.1:"), std::string("127.0.0.1:http"), std::string("127.0.0.1:65536"),
        std::string("127.0.0.1:-1"), std::string("unix:"), "unix:/" + std::string(200, 'a'),
        std::string("[]:80")}) {
    CAPTURE(address);
    const auto listener = open_listener(address);
    REQUIRE_FALSE(listener);
    CHECK(listener.error().kind == ErrorKind::InvalidArgument);
  }
  const auto missing = open_listener("unix:/nonexistent/dir/s");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().os_error == ENOENT);
}

TEST_CASE("A port in use is an error") {
  const Fd first = make_listener();
  const auto second = open_listener("127.0.0.1:" + std::to_string(port_of(first)));
  REQUIRE_FALSE(second);
  CHECK(second.error().os_error == EADDRINUSE);
}
