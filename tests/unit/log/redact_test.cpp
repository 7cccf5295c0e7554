// SPDX-License-Identifier: Apache-2.0
#include "common/log/redact.hpp"

#include "tests/support/catch.hpp"

#include <fmt/format.h>

namespace holdfast::log {

TEST_CASE("fields that hold secrets are known by name, in any case") {
  for (const char* key : {"authorization",
                          "Authorization",
                          "cookie",
                          "Set-Cookie",
                          "PASSWORD",
                          "secret",
                          "token",
                          "api_key",
                          "X-API-Key",
                          "ApiKey",
                          "proxy-Authorization",
                          "access_token",
                          "refresh_token",
                          "client_secret",
                          "private_key",
                          "webhook_url",
                          "x-auth-token",
                          "db_password",
                          "PGPASSWORD",
                          "passwd",
                          "mysql_pwd",
                          "dd-api-key",
                          "dbPassword",
                          "sessionToken",
                          "aws_secret_access_key",
                          "passphrase",
                          "user.password",
                          "Private-Token",
                          "credentials"}) {
    INFO(key);
    CHECK(is_sensitive(key));
  }
  for (const char* key :
       {"", "author", "cookies", "passwor", "passwords", "tokens", "url", "x-api-kez", "request_id",
        "key", "cache_key", "prompt_tokens", "passed", "password_length"}) {
    INFO(key);
    CHECK_FALSE(is_sensitive(key));
  }
}

TEST_CASE("passwords in URLs are masked") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      // the password
      {"postgresql://user:pw@host/db", "postgresql://user:***@host/db"},
      {"redis://:pw@host:6379/0", "redis://:***@host:6379/0"},
      {"http://u:p%40w@h", "http://u:***@h"},
      {"http://u:a:b@h/", "http://u:***@h/"},
      {"http://u:p@w@h/", "http://u:***@h/"},
      {"http://u:@h/", "http://u:***@h/"},
      // a password that was not encoded
      {"postgresql://u:p/w@h/db", "postgresql://u:***@h/db"},
      {"postgresql://u:p#w?x@h/db", "postgresql://u:***@h/db"},
      // in the query
      {"postgresql://h/d?sslmode=require&password=pw&x=1",
       "postgresql://h/d?sslmode=require&password=***&x=1"},
      {"https://h/?sslpassword=a&Access_Token=b", "https://h/?sslpassword=***&Access_Token=***"},
      {"https://h/?api_key=", "https://h/?api_key=***"},
      {"https://h/?sig=a&se=1", "https://h/?sig=***&se=1"},
      // a token for a user
      {"https://ghp_0123456789012345678901234567@github.com/x", "https://***@github.com/x"},
      // lists, and URLs in URLs
      {"sentinel://:pw@h;sentinel://:pw@i", "sentinel://:***@h;sentinel://:***@i"},
      {"nats://u:pw@h,nats://u:pw@i,nats://u:pw@j", "nats://u:***@h,nats://u:***@i,nats://u:***@j"},
      {"redis://h:1,redis://:pw@i", "redis://h:1,redis://:***@i"},
      {"postgres://u:pw@h/d|postgres://u:pw@i", "postgres://u:***@h/d|postgres://u:***@i"},
      {"http://h:4444/?next=https://u:pw@i/", "http://h:4444/?next=https://u:***@i/"},
      {"http://h/x?u=redis://:pw@i&b=1", "http://h/x?u=redis://:***@i&b=1"},
      {"http://h/http://u:pw@i/#http://u:pw@j", "http://h/http://u:***@i/#http://u:***@j"},
      {"http://[::1]:80/,http://u:pw@i", "http://[::1]:80/,http://u:***@i"},
      {"https://hooks.slack.com/services/T0;https://hooks.slack.com/services/T1",
       "https://hooks.slack.com/***;https://hooks.slack.com/***"},
      {"https://h/?u=https://hooks.slack.com/services/T1",
       "https://h/?u=https://hooks.slack.com/***"},
      {"https://h/?token=https://i/x&a=1", "https://h/?token=***&a=1"},
      {"postgresql://u:p/x://w@h/db", "postgresql://u:***@h/db"},
      {"postgresql://u:p://w@h/db", "postgresql://u:***@h/db"},
      // webhooks
      {"https://hooks.slack.com/services/T0/B0/abc", "https://hooks.slack.com/***"},
      {"https://discord.com/api/webhooks/1/abc?wait=1", "https://discord.com/***"},
      {"https://x.webhook.office.com/webhookb2/abc", "https://x.webhook.office.com/***"},
      {"https://api.telegram.org/bot1:abc/send", "https://api.telegram.org/***"},
      // in the middle of a text
      {"cannot reach 'redis://:pw@h' or \"amqp://a:b@c/d\": refused",
       "cannot reach 'redis://:***@h' or \"amqp://a:***@c/d\": refused"},
      // nothing to mask
      {"", ""},
      {"://", "://"},
      {"no url: a@b", "no url: a@b"},
      {"http://user@host/", "http://user@host/"},
      {"http://host:80/@scope/x", "http://host:80/@scope/x"},
      {"http://[::1]:80/a@b", "http://[::1]:80/a@b"},
      {"sqlite:///var/lib/a@b.db", "sqlite:///var/lib/a@b.db"},
      {"https://h/?a=1&b&&c=2", "https://h/?a=1&b&&c=2"},
      {"https://h/?a&", "https://h/?a&"},
  }));
  CHECK(redact_url(text) == expected);
  CHECK(redact_url(redact_url(text)) == expected);
}

TEST_CASE("names that sound like a secret, in any case") {
  for (const char* name : {"PASS",
                           "DB_PASSWORD",
                           "PGPASSWORD",
                           "MYSQL_PWD",
                           "client-secret",
                           "API_TOKEN",
                           "ApiKey",
                           "AWS_ACCESS_KEY_ID",
                           "AUTH",
                           "AUTHORIZATION",
                           "auth_salt",
                           "REDIS_AUTH",
                           "--passphrase",
                           "ERLANG_COOKIE",
                           "GOOGLE_APPLICATION_CREDENTIALS",
                           "pwd",
                           "Pwd",
                           "--pwd",
                           "DB_PW",
                           "pw",
                           "GITHUB_PAT",
                           "SALT",
                           "hash-salt",
                           "--oauth2-bearer"}) {
    INFO(name);
    CHECK(sounds_secret(name));
  }
  for (const char* name :
       {"", "PWD", "OLDPWD", "HOME", "PATH", "MODE", "URL", "USER", "LANG", "max_restarts_per_hour",
        "SSH_AUTH_SOCK", "BASALT", "pat", "PATTERN", "SPAWN", "PWM", "Salted"}) {
    INFO(name);
    CHECK_FALSE(sounds_secret(name));
  }
}

TEST_CASE("secrets in texts are masked, and the rest stays") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      // assignments
      {"PGPASSWORD=hunter2 psql -h db", "PGPASSWORD=*** psql -h db"},
      {"--password=hunter2", "--password=***"},
      {"API_KEY='a b' x", "API_KEY='***' x"},
      {"export TOKEN=\"a b\"; run", "export TOKEN=\"***\"; run"},
      {"--db.password=x --mode=fast", "--db.password=*** --mode=fast"},
      {"password=\"abc", "password=\"***"},
      // options in a shell's text
      {"mysqladmin --password hunter2 ping", "mysqladmin --password *** ping"},
      {"run --password -dash1 x", "run --password *** x"},
      {"run --no-password --token t x", "run --no-password *** *** x"},
      {"run --token -v", "run --token -v"},
      {"run --password\thunter2\tx", "run --password\t***\tx"},
      {"run --password \\\n  hunter2 \\\n  x", "run --password \\\n  *** \\\n  x"},
      {"run --password\\\r\nhunter2", "run --password\\\r\n***"},
      {"curl -u\tme:pw h", "curl -u\tme:*** h"},
      {"redis-cli -a\thunter2", "redis-cli -a\t***"},
      // accounts
      {"curl -u admin:pw http://h/", "curl -u admin:*** http://h/"},
      {"curl -uadmin:pw http://h/", "curl -uadmin:*** http://h/"},
      {"curl --user=admin:pw http://h/", "curl --user=admin:*** http://h/"},
      {"curl --proxy-user 'me:a b' http://h/", "curl --proxy-user 'me:***' http://h/"},
      {"sudo -u me ls", "sudo -u me ls"},
      {"python3 -u app.py a:b", "python3 -u app.py a:b"},
      // connection strings
      {"Server=x;Uid=u;Pwd=secret", "Server=x;Uid=u;Pwd=***"},
      {"Driver={x};UID=sa;PWD=secret", "Driver={x};UID=sa;PWD=***"},
      {"PWD=secret;UID=sa", "PWD=***"},
      {"PWD=/srv/app OLDPWD=/ run", "PWD=/srv/app OLDPWD=/ run"},
      // JSON
      {R"({"password":"hunter2","user":"me"})", R"({"password":"***","user":"me"})"},
      {R"({"api_key": "a\"b", "n": 1})", R"({"api_key": "***", "n": 1})"},
      {R"(msg: {\"password\":\"hunter2\",\"n\":1})", R"(msg: {\"password\":\"***\",\"n\":1})"},
      {R"({"token":12})", R"({"token":***})"},
      // headers
      {"-H 'Authorization: Bearer abc' http://h/", "-H 'Authorization: ***' http://h/"},
      {"x-api-key: abc", "x-api-key: ***"},
      {"sent PRIVATE-TOKEN: x", "sent PRIVATE-TOKEN: ***"},
      {"-H \"DD-API-KEY: x\" -v", "-H \"DD-API-KEY: ***\" -v"},
      {"Cookie: a=b; c=d\nnext", "Cookie: ***\nnext"},
      {"sent Bearer eyJhbGciOiJIUzI1NiJ9.x.y", "sent Bearer ***"},
      // other notations
      {"passwd: 'x y'", "passwd: '***'"},
      {R"(password: "x \" y" z)", R"(password: "***" z)"},
      {"a:\n  api_key: |\n    one\n\n    two\n  b: 1", "a:\n  api_key: |\n    ***\n  b: 1"},
      {"password: >-\n one\nb: 1", "password: >-\n ***\nb: 1"},
      {R"({"password": ["x", "y]"], "n": 1})", R"({"password": [***], "n": 1})"},
      {R"({"secret": {"a": {"b": 1}}, "n": 1})", R"({"secret": {***}, "n": 1})"},
      {"{'password': 'x', 'n': 1}", "{'password': '***', 'n': 1}"},
      {"'password'='x' y", "'password'='***' y"},
      {"password => x, n => 1", "password => ***, n => 1"},
      {"password = x", "password = ***"},
      {"<password>x y</password><n>1</n>", "<password>***</password><n>1</n>"},
      {"GET /a?X-Amz-Signature=x&n=1", "GET /a?X-Amz-Signature=***&n=1"},
      {"Proxy-Authorization: Basic x", "Proxy-Authorization: ***"},
      // short options
      {"redis-cli -a x ping; ls -a x", "redis-cli -a *** ping; ls -a x"},
      {"mysql -px -p db", "mysql -p*** -p db"},
      {"mysql -p'x y' db", "mysql -p'***' db"},
      {"/usr/bin/sshpass -p x ssh -p 22 h", "/usr/bin/sshpass -p *** ssh -p *** h"},
      {"ldapsearch -x -w x -b dc=a", "ldapsearch -x -w *** -b dc=a"},
      {"smbclient -U u%x //h/s", "smbclient -U u%*** //h/s"},
      {"curl -U u:x h", "curl -U u:*** h"},
      {"curl --oauth2-bearer x h", "curl --oauth2-bearer *** h"},
      {"docker login -u me -p x r.example", "docker login -u me -p *** r.example"},
      {"podman login -px", "podman login -p***"},
      {"docker run -p 80:80 x", "docker run -p 80:80 x"},
      {"redis-cli -p 6379 ping", "redis-cli -p 6379 ping"},
      // private keys
      {"k = -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nx",
       "k = -----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nx"},
      {"-----BEGIN PRIVATE KEY-----\\nMII", "-----BEGIN PRIVATE KEY-----***"},
      {"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
       "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"},
      // URLs, whole and broken
      {"at redis://:pw@h/0", "at redis://:***@h/0"},
      {"'postgres//user:pw@host/db' is no URL", "'postgres//user:***@host/db' is no URL"},
      {"postgres:/user:pw@host", "postgres:/user:***@host"},
      {"user:p:w@host", "user:***@host"},
      // nothing to mask
      {"", ""},
      {"unknown key 'replica'; did you mean 'replicas'?",
       "unknown key 'replica'; did you mean 'replicas'?"},
      {"holdfast.toml:12:5: [program.web] user: there is no user 'x'",
       "holdfast.toml:12:5: [program.web] user: there is no user 'x'"},
      {"password: must be a string", "password: must be a string"},
      {"auth-worker: exit 3", "auth-worker: exit 3"},
      {"token-service:8080 refused", "token-service:8080 refused"},
      {"a@b.c, mode=fast", "a@b.c, mode=fast"},
      {"Unexpected token: '}'", "Unexpected token: '}'"},
      {"unknown key 'token': did you mean 'x'?", "unknown key 'token': did you mean 'x'?"},
      {"date -u +%s", "date -u +%s"},
      {"key = value", "key = value"},
      {"<key>name</key>", "<key>name</key>"},
      {"password == other", "password == other"},
      {"web.0 (incarnation 3) died: signal 11 (SIGSEGV) after 12s; restarting immediately",
       "web.0 (incarnation 3) died: signal 11 (SIGSEGV) after 12s; restarting immediately"},
  }));
  CHECK(redact_text(text) == expected);
  CHECK(redact_text(redact_text(text)) == expected);
}

TEST_CASE("a value is masked by its name, and else by what it looks like") {
  const auto check = [](const char* name, const char* value, const char* expected) {
    INFO(name);
    CHECK(redact_value(name, value) == expected);
  };
  check("API_TOKEN", "x", "[Redacted]");
  check("API_TOKEN", "", "");
  check("MODE", "fast", "fast");
  check("BROKER_URL", "amqp://me:pw@mq/", "amqp://me:***@mq/");
  check("ALERT_WEBHOOK_URL", "https://example.com/hook/abc", "https://example.com/***");
  check("ALERT_WEBHOOK_URL", "abc", "[Redacted]");
  check("CONN", "Server=x;Uid=u;Pwd=secret", "Server=x;Uid=u;Pwd=***");
  check("PWD", "/srv/app", "/srv/app");
}

TEST_CASE("secrets among the arguments of a command are masked") {
  using Arguments = std::vector<std::string>;
  const auto [arguments, expected] = GENERATE(table<Arguments, Arguments>({
      {{"redis-server", "--requirepass", "pw", "--port", "1"},
       {"redis-server", "--requirepass", "[Redacted]", "--port", "1"}},
      {{"x", "--token", "-v", "y"}, {"x", "--token", "-v", "y"}},
      {{"x", "--token=a b"}, {"x", "--token=***"}},
      {{"x", "--password", "-dash1", "y"}, {"x", "--password", "[Redacted]", "y"}},
      {{"x", "--no-password", "--token", "t"}, {"x", "--no-password", "[Redacted]", "[Redacted]"}},
      {{"curl", "-H", "DD-API-KEY:x"}, {"curl", "-H", "DD-API-KEY:***"}},
      {{"curl", "-H", "Token: x"}, {"curl", "-H", "Token: ***"}},
      {{"curl", "-uadmin:pw"}, {"curl", "-uadmin:***"}},
      {{"curl", "--user=admin:pw"}, {"curl", "--user=admin:***"}},
      {{"sh", "-c", "curl -u admin:pw h"}, {"sh", "-c", "curl -u admin:*** h"}},
      {{"x", "password: secret\nmode: fast"}, {"x", "password: ***\nmode: fast"}},
      {{"docker", "-v", "/keys:/keys:ro"}, {"docker", "-v", "/keys:/keys:ro"}},
      {{"env", "DB_PASSWORD=a", "x"}, {"env", "DB_PASSWORD=***", "x"}},
      {{"curl", "-u", "me:pw", "http://h/"}, {"curl", "-u", "me:***", "http://h/"}},
      {{"curl", "-H", "Authorization: Basic abc"}, {"curl", "-H", "Authorization: ***"}},
      {{"sh", "-c", "PGPASSWORD=a psql"}, {"sh", "-c", "PGPASSWORD=*** psql"}},
      {{"x", "--broker", "amqp://a:b@c/"}, {"x", "--broker", "amqp://a:***@c/"}},
      {{"x", "AWS_SECRET_ACCESS_KEY:x", "token:x", "pass:x"},
       {"x", "AWS_SECRET_ACCESS_KEY:***", "token:***", "pass:***"}},
      {{"redis-cli", "-a", "x", "-p", "1"}, {"redis-cli", "-a", "[Redacted]", "-p", "1"}},
      {{"/usr/bin/mysql", "-px", "db"}, {"/usr/bin/mysql", "-p***", "db"}},
      {{"env", "A=1", "sshpass", "-p", "x", "ssh"},
       {"env", "A=1", "sshpass", "-p", "[Redacted]", "ssh"}},
      {{"ldapsearch", "-w", "x"}, {"ldapsearch", "-w", "[Redacted]"}},
      {{"smbclient", "-U", "u%x"}, {"smbclient", "-U", "u%***"}},
      {{"curl", "--oauth2-bearer", "x"}, {"curl", "--oauth2-bearer", "[Redacted]"}},
      {{"openssl", "enc", "-k", "x", "-kfile", "y"},
       {"openssl", "enc", "-k", "[Redacted]", "-kfile", "y"}},
      {{"docker", "login", "-p", "x"}, {"docker", "login", "-p", "[Redacted]"}},
      {{"ls", "-a", "x", "-px"}, {"ls", "-a", "x", "-px"}},
      {{"python3", "-m", "http.server", "8000"}, {"python3", "-m", "http.server", "8000"}},
      {{}, {}},
  }));
  CHECK(redact_arguments(arguments) == expected);
}

TEST_CASE(
    "a number behind the name of a secret is masked, and may be a port only behind a host's") {
  for (const char* name :
       {"token",      "password",   "secret", "pass",    "key",        "api-key",
        "api_key",    "db-pass",    "db.key", "DB_PASS", "PASS",       "AUTH",
        "REDIS_AUTH", "Api-Key",    "db_pw",  "salt",    "github-pat", "AWS_ACCESS_KEY_ID",
        "KEYS",       "credential", "cookie", "--token", "-pass"}) {
    for (const char* value : {"1234", "8080", "1", "99999999", "/a+b/1", "hunter2", "1234/x"}) {
      const std::string text = fmt::format("{}:{}", name, value);
      const std::string expected = std::string(name) + ":***";
      INFO(text);
      CHECK(redact_arguments({"x", text}) == std::vector<std::string>{"x", expected});
      CHECK(redact_arguments({"x", "a=1," + text})[1] == "a=1," + expected);
    }
  }
  for (const char* name : {"token", "password", "api-key", "api_key", "DB_PASSWORD", "--token"}) {
    for (const char* value : {"1234", "hunter2", "12,3", "/a+b"}) {
      const std::string text = fmt::format("{}:{}", name, value);
      INFO(text);
      CHECK(redact_text(text) == std::string(name) + ":***");
      CHECK(redact_text("refused (" + text + " of me") ==
            "refused (" + std::string(name) + ":*** of me");
    }
  }
  for (const char* text :
       {"keycloak:8080", "keydb:6379", "monkey:80", "compass:80", "auth:8080", "auth-service:8080",
        "user-auth:80", "token-service:8080", "token.example.org:443", "http://token:8080/x",
        "http://token:8080, then", "tcp://api-key:80: refused", "me@token:22",
        "/run/secret:/run/secret", "-v=/srv/api_key:/key", "host:8080", "user:1000"}) {
    INFO(text);
    CHECK(redact_arguments({"x", text})[1] == text);
    CHECK(redact_text(text) == text);
  }
  for (const char* text : {"password: must be a string", "secret::get failed", "Token::parse",
                           "/etc/token:12: syntax error", "token: 3 left"}) {
    INFO(text);
    CHECK(redact_text(text) == text);
  }
}

TEST_CASE("no notation of a secret leaks it: each name with each separator and each quoting") {
  const std::string secret = "hunter2";
  for (const std::string name : {"password", "passwd", "api_key", "API-KEY", "client_secret",
                                 "access_token", "AWS_SECRET_ACCESS_KEY", "passphrase"}) {
    for (const std::string quote : {"", "'", "\""}) {
      for (const std::string separator :
           {"=", ":", ": ", " = ", "=>", " => ", ": [", ":\n  ", ": |\n  "}) {
        for (const std::string value : {"hunter2", "'hunter2'", "\"hunter2\"", "'a hunter2'",
                                        "\"a hunter2\"", "['hunter2']", "[\"a\", \"hunter2\"]"}) {
          std::string text = quote;
          text.append(name).append(quote).append(separator).append(value);
          // Words in quotes after a colon and a line break are one scalar of YAML, or nothing.
          if (!quote.empty() && separator.find('\n') != std::string::npos) continue;
          INFO(text);
          const std::vector<std::string> shown = redact_arguments({"x", text});
          CHECK(shown[1].find(secret) == std::string::npos);
          CHECK(redact_arguments(shown) == shown);
          // In prose a bare word after a colon and a blank is no secret.
          if (separator[0] == ':' && separator != ":" && value == secret) continue;
          if (separator == ": [" || (separator == ":" && (!quote.empty() || value != secret)))
            continue;
          CHECK(redact_text(text).find(secret) == std::string::npos);
        }
      }
    }
  }
}

}  // namespace holdfast::log
