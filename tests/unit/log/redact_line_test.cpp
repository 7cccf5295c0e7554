// SPDX-License-Identifier: Apache-2.0
#include "common/log/redact.hpp"
#include "common/log/redact_paths.hpp"
#include "common/log/secret_texts.hpp"
#include "tests/support/catch.hpp"

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::log {

namespace {

// A line as the relay treats it: looked into only if the quick question says so.
std::string line(const std::string& text) {
  return may_need_redaction(text) ? redact_line(text) : text;
}

}  // namespace

TEST_CASE("secrets in a program's lines are masked, however they are written") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      // SQL
      {"ALTER USER me WITH PASSWORD 'pw'", "ALTER USER me WITH PASSWORD '***'"},
      {"CREATE ROLE me LOGIN PASSWORD E'pw''x' VALID UNTIL 'infinity'",
       "CREATE ROLE me LOGIN PASSWORD E'***' VALID UNTIL 'infinity'"},
      {"CREATE LOGIN me WITH PASSWORD = N'pw';", "CREATE LOGIN me WITH PASSWORD = N'***';"},
      {"create user 'a'@'%' identified by 'pw';", "create user 'a'@'%' identified by '***';"},
      {"GRANT ALL ON *.* TO a IDENTIFIED BY PASSWORD '*0A'",
       "GRANT ALL ON *.* TO a IDENTIFIED BY PASSWORD '***'"},
      {"CREATE USER a IDENTIFIED WITH mysql_native_password BY \"pw\"",
       "CREATE USER a IDENTIFIED WITH mysql_native_password BY \"***\""},
      {"ALTER USER scott IDENTIFIED BY tiger;", "ALTER USER scott IDENTIFIED BY ***;"},
      {"SET PASSWORD FOR 'a'@'%' = PASSWORD('pw');", "SET PASSWORD FOR 'a'@'%' = PASSWORD('***');"},
      {"CHANGE MASTER TO MASTER_PASSWORD='pw', X=1", "CHANGE MASTER TO MASTER_PASSWORD='***', X=1"},
      {"OPTIONS (user 'u', password 'pw')", "OPTIONS (user 'u', password '***')"},
      {R"(query: \"ALTER USER a PASSWORD \'pw\'\")", R"(query: \"ALTER USER a PASSWORD \'***\'\")"},
      {"PRAGMA key = 'pw'", "PRAGMA key = '***'"},
      // Redis
      {"redis-cli CONFIG SET requirepass pw", "redis-cli CONFIG SET requirepass ***"},
      {"CONFIG SET masterauth pw", "CONFIG SET masterauth ***"},
      {"redis-cli -h h AUTH default pw", "redis-cli -h h AUTH *** ***"},
      {"ACL SETUSER me on >pw ~* +@all", "ACL SETUSER me on >*** ~* +@all"},
      {"redis-cli -a pw PING", "redis-cli -a *** PING"},
      // commands
      {"PGPASSWORD=pw psql -h db", "PGPASSWORD=*** psql -h db"},
      {"+ mysql -ppw --host db", "+ mysql -p*** --host db"},
      {"sshpass -p pw ssh h", "sshpass -p *** ssh h"},
      {"curl -u me:pw http://h/", "curl -u me:*** http://h/"},
      {"curl --user=me:pw h", "curl --user=me:*** h"},
      {"openssl rsa -in k -passin pass:pw", "openssl rsa -in k -passin ***"},
      {"wget --http-password=pw h", "wget --http-password=*** h"},
      {"docker login -u me -p pw r", "docker login -u me -p *** r"},
      {"htpasswd -nb me pw", "htpasswd -nb me ***"},
      {"htpasswd -b /etc/f me pw && echo done", "htpasswd -b /etc/f me *** && echo done"},
      {"useradd -p pw me", "useradd -p *** me"},
      {"snmpget -v3 -A pw -X pw h", "snmpget -v3 -A *** -X *** h"},
      {"sqlplus me/pw@h", "sqlplus me/***@h"},
      {"jdbc:oracle:thin:me/pw@//h:1521/x", "jdbc:***@//h:1521/x"},
      {"rabbitmqctl add_user me pw", "rabbitmqctl add_user me ***"},
      {"mosquitto_passwd -b /f me pw", "mosquitto_passwd -b /f me ***"},
      {"mc alias set a http://h ID pw", "mc alias set a http://h ID ***"},
      // headers, in whatever dumps them
      {"Authorization: Bearer abc", "Authorization: ***"},
      {"> authorization: Basic YTpi", "> authorization: ***"},
      {"Set-Cookie: sid=x; Path=/", "Set-Cookie: ***"},
      {"{'Authorization': 'Bearer x', 'Accept': '*/*'}",
       "{'Authorization': '***', 'Accept': '*/*'}"},
      {"x-api-key: abc", "x-api-key: ***"},
      {"bearer 0123456789abc", "bearer ***"},
      {R"(["Authorization","Bearer abc123"])", R"(["Authorization","Bearer ***"])"},
      // connection strings
      {"Server=h;User Id=u;Password=pw;", "Server=h;User Id=u;Password=***"},
      {"AccountName=a;AccountKey=x==", "AccountName=a;AccountKey=***"},
      {"host=h password='a b' dbname=d", "host=h password='***' dbname=d"},
      {"jdbc:sqlserver://h:1433;user=u;password=pw", "jdbc:sqlserver://h:1433;user=u;password=***"},
      {"GET /x?access_token=pw&n=1 HTTP/1.1", "GET /x?access_token=***&n=1 HTTP/1.1"},
      // members and assignments
      {R"(body {"password":"pw","n":1})", R"(body {"password":"***","n":1})"},
      {"db_password => pw", "db_password => ***"},
      {"export TOKEN=pw", "export TOKEN=***"},
      // sentences
      {"the password is hunter2", "the password is ***"},
      {"Password: hunter2", "Password: ***"},
      {"new access token: abcd1234, valid", "new access token: ***, valid"},
      // by their form
      {"got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_def.", "got ***"},
      {"using ghp_0123456789abcdefghijABCDEFGHIJ012345", "using ***"},
      {"slack (xoxb-1234-5678-abcdef)", "slack (***)"},
      {"stripe sk_live_0123456789abcd", "stripe ***"},
      {"AKIAIOSFODNN7EXAMPLE used", "*** used"},
      // webhooks
      {"to https://hc-ping.com/0a1b", "to https://hc-ping.com/***"},
      {"to https://events.pagerduty.com/integration/x/enqueue",
       "to https://events.pagerduty.com/***"},
      {"to https://chat.example.org/hooks/0123456789abcdefghijklmnop",
       "to https://chat.example.org/***"},
  }));
  INFO(text);
  CHECK(line(text) == expected);
  CHECK(redact_line(expected) == expected);
  // A command is masked as a whole where it is an argument of a shell.
  CHECK(redact_arguments({"sh", "-c", text})[2].find("pw") == std::string::npos);
}

TEST_CASE("what only sounds like a secret stays readable in a program's lines") {
  const std::string text = GENERATE(
      as<std::string>{}, "FATAL: password authentication failed for user \"me\"",
      "password: must be a string", "invalid token: '}'", "Unexpected token '}' at 3",
      "unexpected token 401", "token: expired", "cache_key=user:7 hit", "key=7 value=8",
      "primary key 'id' is missing", "keyspace=orders", "prompt_tokens=12 completion_tokens=7",
      "author=me", "GET /api/tokens/7 HTTP/1.1 200", "[auth] login of me from 10.0.0.1", "auth=ok",
      "passed=12 failed=0", "passenger: 3", "compass=north", "PWD=/srv/app",
      "secret 'db' not found", "monkey=1 turkey=2",
      "2026-11-29 10:00:00,000 - app - ERROR - no route", "sudo -u me ls", "ls -a -p x",
      "the requirepass option must be set", "ssh -p 22 h", "docker run -p 80:80 x",
      "routing_key=orders.created", "next page token", "password", "vault login failed",
      "http://h/hooks/useState", "skipped sk-1 of 3", "redis-cli ping", "user:1000",
      "identified by its name: me", "commit 0123456789abcdef0123456789abcdef01234567",
      "request 5f3a9c1e-0000-4000-8000-000000000000 took 12ms", "x-request-id: abc12345",
      "-----BEGIN CERTIFICATE-----", "Basic authentication is off", "bearer of news",
      "a thin/thick@home client", "using sqlplus");
  INFO(text);
  CHECK(line(text) == text);
}

TEST_CASE("an argument that says so makes the next one a secret, and so does its place") {
  using Arguments = std::vector<std::string>;
  const auto [arguments, expected] = GENERATE(table<Arguments, Arguments>({
      {{"redis-cli", "CONFIG", "SET", "requirepass", "pw"},
       {"redis-cli", "CONFIG", "SET", "requirepass", "[Redacted]"}},
      {{"/usr/bin/redis-cli", "AUTH", "pw"}, {"/usr/bin/redis-cli", "AUTH", "[Redacted]"}},
      {{"htpasswd", "-b", "f", "me", "pw"}, {"htpasswd", "-b", "f", "me", "[Redacted]"}},
      {{"htpasswd", "f", "me"}, {"htpasswd", "f", "me"}},
      {{"env", "A=1", "rabbitmqctl", "add_user", "me", "pw"},
       {"env", "A=1", "rabbitmqctl", "add_user", "me", "[Redacted]"}},
      {{"psql", "-c", "ALTER USER a PASSWORD 'pw'"}, {"psql", "-c", "ALTER USER a PASSWORD '***'"}},
      {{"mysql", "-e", "SET PASSWORD FOR a = 'pw'"}, {"mysql", "-e", "SET PASSWORD FOR a = '***'"}},
      {{"x", "ghp_0123456789abcdefghijABCDEFGHIJ012345"}, {"x", "***"}},
  }));
  CHECK(redact_arguments(arguments) == expected);
}

TEST_CASE(
    "however torn a text is: nothing is read beyond its end and the quick question finds it") {
  const std::vector<std::string> pieces = {"PASSWORD ",
                                           "'",
                                           "\"",
                                           "\\",
                                           "IDENTIFIED ",
                                           "WITH ",
                                           "BY ",
                                           "requirepass ",
                                           "=",
                                           ":",
                                           " ",
                                           "N'",
                                           "htpasswd ",
                                           "-b ",
                                           "redis-cli ",
                                           "AUTH ",
                                           "hunter22",
                                           "sqlplus ",
                                           "a/",
                                           "@h",
                                           "pragma key ",
                                           "SETUSER ",
                                           ">x",
                                           "FOR ",
                                           "PASSWORD(",
                                           "token ",
                                           "-p",
                                           "mysql ",
                                           "eyJhbGciOi.",
                                           "Bearer ",
                                           "{",
                                           "[",
                                           "]",
                                           "\n",
                                           "http://u:p@",
                                           "vault login ",
                                           "mc alias set a http://b c ",
                                           "-----BEGIN PRIVATE KEY-----",
                                           "''",
                                           "\"\"",
                                           ";"};
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto count = random() % 8; count > 0; --count)
      text += pieces[random() % pieces.size()];
    // Exactly as long as it is, so that a sanitizer sees what reads on.
    const std::vector<char> bytes(text.begin(), text.end());
    const std::string_view view(bytes.data(), bytes.size());
    INFO(text);
    const std::string shown = redact_line(view);
    if (shown != text) REQUIRE(may_need_redaction(view));
    (void)redact_text(view);
    (void)redact_arguments({"x", text});
  }
}

TEST_CASE("the lines of a private key are told from others") {
  CHECK(opens_private_key("x -----BEGIN RSA PRIVATE KEY-----"));
  CHECK(opens_private_key("-----BEGIN OPENSSH PRIVATE KEY-----"));
  CHECK_FALSE(opens_private_key("-----BEGIN PRIVATE KEY-----MII-----END PRIVATE KEY-----"));
  CHECK_FALSE(opens_private_key("-----BEGIN CERTIFICATE-----"));
  CHECK(is_private_key_line("MIIEpAIBAAKCAQEA+/=="));
  CHECK(is_private_key_line("Proc-Type: 4,ENCRYPTED\r"));
  CHECK_FALSE(is_private_key_line("-----END RSA PRIVATE KEY-----"));
  CHECK_FALSE(is_private_key_line("listening on port 80"));
}

}  // namespace holdfast::log
