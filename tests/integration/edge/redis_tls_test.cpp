// SPDX-License-Identifier: Apache-2.0
// A real Redis over TLS, and with users who may do little: the stack's limit is counted there, and
// whoever cannot prove who it is is not believed.
#include "tests/integration/edge/redis_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

// A certificate that is its own authority, and its key.
class Certificate {
 public:
  explicit Certificate(const std::string& names = "DNS:localhost,IP:127.0.0.1") {
    Process openssl({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-keyout", key(), "-out", file(), "-days",
                     "2", "-subj", "/CN=test", "-addext", "subjectAltName=" + names},
                    std::map<std::string, std::string>{}, dir_ / "openssl.log");
    if (openssl.wait().shell_status() != 0)
      throw std::runtime_error("openssl: " + openssl.output());
  }
  std::filesystem::path file() const { return dir_ / "cert.pem"; }
  std::filesystem::path key() const { return dir_ / "key.pem"; }

 private:
  TempDir dir_;
};

std::string stack_with(const std::string& url, const std::string& more) {
  return default_stack("\n[rate_limit]\nredis_url = \"" + url + "\"\nredis_timeout = \"5s\"\n" +
                       more + "\n" + api_workers(1));
}

double redis_up(Stack& stack) {
  return Stack::sum_of(stack.metrics(), "rate_limit_redis_up");
}

bool counts_in_redis(Stack& stack, const RedisServer& server) {
  return wait_until([&] {
    if (redis_up(stack) != 1) return false;
    CHECK(stack.get("/api/queue").status == 200);
    return server.command({"--scan", "--pattern", "holdfast:rate-limit:*:default:*"}) != "";
  });
}

// What the log says of Redis.
bool says(Stack& stack, const std::string& text) {
  return wait_until([&] { return stack.supervisor().output().find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("the limit is counted in a Redis over TLS, by a user who may do no more than that") {
  const RedisServer server;
  const Certificate certificate;
  const int port = server.listen_with_tls(certificate.file(), certificate.key());
  // As docs/http-edge.md has it.
  REQUIRE(server.command({"ACL", "SETUSER", "holdfast", "on", ">s3cret/pw", "~holdfast:*", "+eval",
                          "+evalsha", "+@hash", "+time", "+pexpire", "+del", "+type", "+select"}) ==
          "OK");
  Stack stack(stack_with(fmt::format("rediss://holdfast:s3cret%2Fpw@localhost:{}/0", port),
                         "redis_ca_file = \"" + certificate.file().native() + "\"\n"));
  stack.wait_ready();
  CHECK(counts_in_redis(stack, server));
  CHECK(stack.supervisor().output().find("s3cret") == std::string::npos);
  CHECK(Stack::sum_of(stack.fresh_metrics(), "rate_limit_fallback_total") == 0);
}

TEST_CASE("a client certificate is shown to a Redis that asks for one") {
  const RedisServer server;
  const Certificate certificate;
  const int port = server.listen_with_tls(certificate.file(), certificate.key(), true);
  const std::string url = fmt::format("rediss://127.0.0.1:{}", port);
  const std::string ca = "redis_ca_file = \"" + certificate.file().native() + "\"\n";
  Stack stack(stack_with(url, ca + "redis_cert_file = \"" + certificate.file().native() +
                                  "\"\nredis_key_file = \"" + certificate.key().native() + "\"\n"));
  stack.wait_ready();
  CHECK(counts_in_redis(stack, server));
}

TEST_CASE("a Redis that cannot prove who it is is not used, and the log says why") {
  const RedisServer server;
  const Certificate other;
  std::string ca = "redis_ca_file = \"" + other.file().native() + "\"\n";
  std::string reason = "is not accepted";
  int port = 0;
  SECTION("a certificate of another authority") {
    const Certificate certificate;
    port = server.listen_with_tls(certificate.file(), certificate.key());
    reason = "self-signed certificate";
  }
  SECTION("the system's authorities do not know it") {
    port = server.listen_with_tls(other.file(), other.key());
    ca.clear();
  }
  SECTION("a certificate of another host") {
    const Certificate elsewhere("DNS:redis.example.org");
    port = server.listen_with_tls(elsewhere.file(), elsewhere.key());
    ca = "redis_ca_file = \"" + elsewhere.file().native() + "\"\n";
    Stack stack(stack_with(fmt::format("rediss://localhost:{}", port), ca));
    stack.wait_ready();
    CHECK(says(stack, "ostname mismatch"));
    CHECK(redis_up(stack) == 0);
    return;
  }
  SECTION("no TLS at all") {
    port = server.listen_on_loopback();
    reason = "TLS";
  }
  SECTION("a file that is not there") {
    port = server.listen_with_tls(other.file(), other.key());
    ca = "redis_ca_file = \"/nonexistent/ca.pem\"\n";
    reason = "/nonexistent/ca.pem";
  }
  Stack stack(stack_with(fmt::format("rediss://localhost:{}", port), ca));
  stack.wait_ready();
  CHECK(says(stack, "Redis is unavailable"));
  CHECK(says(stack, reason));
  CHECK(redis_up(stack) == 0);
  CHECK(stack.get("/api/queue").status == 200);  // this host limits alone
}

TEST_CASE("a user with a wrong password, or without the right to count, is named in the log") {
  const RedisServer server;
  const int port = server.listen_on_loopback();
  REQUIRE(server.command({"ACL", "SETUSER", "holdfast", "on", ">right", "~other:*", "+@all"}) ==
          "OK");
  std::string password = "right";
  std::string reason = "NOPERM";
  SECTION("another key pattern") {}
  SECTION("another password") {
    password = "wrong";
    reason = "WRONGPASS";
  }
  Stack stack(stack_with(fmt::format("redis://holdfast:{}@127.0.0.1:{}", password, port), ""));
  stack.wait_ready();
  CHECK(says(stack, reason));
  CHECK(redis_up(stack) == 0);
}
