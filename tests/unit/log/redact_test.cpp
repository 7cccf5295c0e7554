// SPDX-License-Identifier: Apache-2.0
#include "common/log/redact.hpp"

#include "tests/support/catch.hpp"

namespace holdfast::log {

TEST_CASE("fields that hold secrets are known by name, in any case") {
  for (const char* key : {"authorization", "Authorization", "cookie", "Set-Cookie", "PASSWORD",
                          "secret", "token", "api_key", "X-API-Key"}) {
    INFO(key);
    CHECK(is_sensitive(key));
  }
  for (const char* key : {"", "author", "cookies", "passwor", "passwords", "tokens", "api-key",
                          "url", "x-api-kez", "request_id"}) {
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

}  // namespace holdfast::log
