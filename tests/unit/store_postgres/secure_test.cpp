// SPDX-License-Identifier: Apache-2.0
// TLS, passwords and service files, by libpq's usual means, and a role that may do no more than own
// its database.

#include "tests/support/catch.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <cstdlib>
#include <fstream>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using Catch::Contains;
using holdfast::test::find_program;
using holdfast::test::run_program;
using holdfast::test::TempDir;

namespace {

constexpr const char* kPassword = "pa:ss\\wo rd";
constexpr const char* kInUrl = "pa%3Ass%5Cwo%20rd";
constexpr const char* kInPassfile = "pa\\:ss\\\\wo rd";

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), find_program("openssl").native());
  const auto finished = run_program(arguments);
  INFO(finished.output);
  REQUIRE(finished.ended.shell_status() == 0);
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A certificate authority, and what it has signed: a server named db.internal.
struct Authority {
  explicit Authority(const std::string& name) {
    openssl({"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=" + name,
             "-keyout", directory / "ca.key", "-out", certificate()});
  }
  std::string certificate() const { return (directory / "ca.pem").native(); }
  void sign_server() const {
    openssl({"req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout",
             directory / "server.key", "-out", directory / "server.csr"});
    std::ofstream(directory / "names") << "subjectAltName=DNS:db.internal\n";
    openssl({"x509", "-req", "-in", directory / "server.csr", "-CA", certificate(), "-CAkey",
             directory / "ca.key", "-CAcreateserial", "-days", "2", "-extfile", directory / "names",
             "-out", directory / "server.pem"});
  }
  TempDir directory;
};

// A server that lets in by TLS and password only, but for the tests themselves.
class SecureServer {
 public:
  SecureServer() : authority("Holdfast's tests") {
    authority.sign_server();
    server.write_file("data/own.pem", read_file(authority.directory / "server.pem"));
    server.write_file("data/own.key", read_file(authority.directory / "server.key"));
    server.write_file("data/pg_hba.conf",
                      "local all holdfast trust\n"
                      "hostssl all app 127.0.0.1/32 scram-sha-256\n");
    for (const char* const setting :
         {"ssl_cert_file = 'own.pem'", "ssl_key_file = 'own.key'", "ssl = on"})
      server.sql("postgres", std::string("ALTER SYSTEM SET ") + setting);
    server.stop();
    server.start();
    server.sql("postgres", fmt::format("CREATE ROLE app LOGIN PASSWORD E'{}'", "pa:ss\\\\wo rd"));
    server.sql("postgres", "CREATE DATABASE docs OWNER app");
  }

  // `host` as the client knows it: a name that the certificate has, or not.
  std::string url(const std::string& credentials, const std::string& host,
                  const std::string& more) const {
    return fmt::format("postgresql://{}@{}:{}/docs?hostaddr=127.0.0.1{}", credentials, host,
                       server.port(), more);
  }
  std::string verified() const {
    return "&sslmode=verify-full&sslrootcert=" + authority.certificate();
  }

  Authority authority;
  PostgresServer server;
};

SecureServer& secure_server() {
  static SecureServer server;
  return server;
}

// A variable of libpq's, for one test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

void require_works(const std::string& url) {
  const auto migrated = migrate_store(url);
  if (!migrated) FAIL(migrated.error().message);
  const SystemClock clock;
  const auto store = open_store(url, {}, clock);
  if (!store) FAIL(store.error().message);
  REQUIRE((*store)->check());
}

Error refused(const std::string& url) {
  const SystemClock clock;
  const auto store = open_store(url, {}, clock);
  REQUIRE_FALSE(store);
  CHECK_THAT(store.error().message, !Contains("wo rd") && !Contains("wo%20rd"));
  return store.error();
}

}  // namespace

TEST_CASE("TLS: a server is trusted by its authority and its name, and nothing else") {
  const SecureServer& secure = secure_server();
  const std::string app = std::string("app:") + kInUrl;
  require_works(secure.url(app, "db.internal", secure.verified()));
  const std::string who =
      "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
      " WHERE usename = 'app'";
  {
    const SystemClock clock;
    const auto store = open_store(secure.url(app, "db.internal", secure.verified()), {}, clock);
    REQUIRE(store);
    CHECK(secure.server.sql("postgres", who) == "t");
  }
  const Error name = refused(secure.url(app, "elsewhere.internal", secure.verified()));
  CHECK(name.kind == ErrorKind::Unavailable);
  CHECK_THAT(name.message, Contains("elsewhere.internal"));
  const Authority stranger("a stranger");
  const Error authority = refused(
      secure.url(app, "db.internal", "&sslmode=verify-full&sslrootcert=" + stranger.certificate()));
  CHECK_THAT(authority.message, Contains("certificate verify failed"));
  const Error plain = refused(secure.url(app, "db.internal", "&sslmode=disable"));
  CHECK(plain.kind == ErrorKind::PermissionDenied);
}

TEST_CASE("TLS: a server without it is refused by a client that asks for it") {
  PostgresEnvironment environment;
  const Error error = refused(shared_server().url(environment.database(), "?sslmode=require"));
  CHECK_THAT(error.message, Contains("SSL"));
}

TEST_CASE("passwords: in a file of PGPASSFILE; a wrong one is told, and no password repeated") {
  const SecureServer& secure = secure_server();
  TempDir directory;
  const auto passfile = directory / "passwords";
  std::ofstream(passfile) << "other:1:*:app:wrong\n*:*:docs:app:" << kInPassfile << "\n";
  std::filesystem::permissions(passfile, std::filesystem::perms(0600));
  const std::string url = secure.url("app", "db.internal", secure.verified());
  {
    const Variable variable("PGPASSFILE", passfile.native());
    require_works(url);
  }
  require_works(url + "&passfile=" + passfile.native());
  CHECK(refused(url).kind == ErrorKind::PermissionDenied);
  CHECK(refused(secure.url("app:wo%20rd", "db.internal", secure.verified())).kind ==
        ErrorKind::PermissionDenied);
}

TEST_CASE("a service file names the server, the database and how it is reached") {
  const SecureServer& secure = secure_server();
  TempDir directory;
  std::ofstream(directory / "services")
      << "[docs]\nhost=db.internal\nhostaddr=127.0.0.1\nport=" << secure.server.port()
      << "\ndbname=docs\nuser=app\npassword=" << kPassword
      << "\nsslmode=verify-full\nsslrootcert=" << secure.authority.certificate() << "\n";
  const Variable variable("PGSERVICEFILE", (directory / "services").native());
  require_works("postgresql:///?service=docs");
  const SystemClock clock;
  const auto store = open_store("postgresql:///?service=docs", {}, clock);
  REQUIRE(store);
  CHECK_THAT((*store)->describe(), Contains("service docs"));
  const Error unknown = refused("postgresql:///?service=nothing");
  CHECK_THAT(unknown.message, Contains("nothing"));
}
