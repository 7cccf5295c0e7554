// SPDX-License-Identifier: Apache-2.0
#include "common/net/postgres_url.hpp"

#include "tests/support/catch.hpp"

using Catch::Contains;
using holdfast::net::check_postgres_url;

TEST_CASE("a PostgreSQL URL is shown by what decides which database it is") {
  using holdfast::net::describe_postgres_url;
  CHECK(describe_postgres_url("postgresql://me:secret@db.internal:5433/docs") ==
        "postgresql db.internal:5433/docs");
  CHECK(describe_postgres_url("postgres://a,b:1/x?sslmode=require") == "postgresql a,b:1/x");
  CHECK(describe_postgres_url("postgresql:///?service=docs") == "postgresql local (service docs)");
  CHECK(describe_postgres_url("postgresql://u@%2Frun%2Fpostgresql/d?port=5433&password=secret") ==
        "postgresql /run/postgresql:5433/d");
  CHECK(describe_postgres_url("postgresql:///d?host=/tmp&dbname=e") == "postgresql /tmp/e");
  CHECK(describe_postgres_url("postgresql://") == "postgresql local");
}

TEST_CASE("what libpq can read is a PostgreSQL URL") {
  for (const char* url : {
           "postgresql://db",
           "postgresql://holdfast@db.internal/holdfast",
           "postgres://u:p%40ss@10.0.0.1:6432/docs?sslmode=verify-full&sslrootcert=/etc/ssl/a.pem",
           "postgresql://a:5432,b:5433,[::1]:5434/docs?target_session_attrs=read-write",
           "postgresql://%2Fvar%2Frun%2Fpostgresql/docs",
           "postgresql:///docs?host=/run/postgresql&port=5433",
           "postgresql:///?service=holdfast",
           "postgresql://user@/docs",
           "postgresql://[fe80::1]/docs",
       }) {
    INFO(url);
    const auto checked = check_postgres_url(url);
    if (!checked) FAIL(checked.error().message);
  }
}

TEST_CASE("what it cannot read is told with the reason, and without the password") {
  const std::pair<const char*, const char*> cases[] = {
      {"postgresql://u:hunter2@db:port/x", "the port is not a number"},
      {"postgresql://u:hunter2@db:0/x", "the port is not a number"},
      {"postgresql://u:hunter2@db:70000/x", "the port is not a number"},
      {"postgresql://u:hunter2%zz@db/x", "percent-escape"},
      {"postgresql://u:hunter2@extra@db/x", "%40"},
      {"postgresql://u:hunter2@[::1/x", "bracket"},
      {"postgresql://u:hunter2@[::1]x/x", "malformed"},
      {"postgresql://u:hunter2@db/x?sslmod=require", "no parameter 'sslmod'"},
      {"postgresql://u:hunter2@db/x?sslmode=on", "sslmode is one of"},
      {"postgresql://u:hunter2@db/x?sslmode", "has no value"},
      {"postgresql://u:hunter2@db/a/b", "%2F"},
      {"postgresql://u:hunter2@db/x?port=x", "the port is not a number"},
  };
  for (const auto& [url, reason] : cases) {
    INFO(url);
    const auto checked = check_postgres_url(url);
    REQUIRE_FALSE(checked);
    CHECK_THAT(checked.error().message, Contains(reason) && !Contains("hunter2"));
  }
}
