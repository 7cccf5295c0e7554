// SPDX-License-Identifier: Apache-2.0
// Which proxy the environment names.
#include "common/http/proxy.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::http;

namespace {

using Environ = std::map<std::string, std::string>;

// "host:port" of the proxy, "none", or "error".
std::string proxy_of(const std::string& url, const Environ& variables) {
  const auto proxy = proxy_for(*net::parse_url(url), variables);
  if (!proxy) return "error";
  return *proxy ? (*proxy)->host + ":" + std::to_string((*proxy)->port) : "none";
}

}  // namespace

TEST_CASE("the variable of the URL's scheme counts, lower case first, then ALL_PROXY") {
  const Environ both{{"HTTPS_PROXY", "http://s:1"}, {"HTTP_PROXY", "http://p:2"}};
  CHECK(proxy_of("https://example.org/", both) == "s:1");
  CHECK(proxy_of("http://example.org/", both) == "p:2");
  CHECK(proxy_of("https://example.org/", {{"HTTP_PROXY", "http://p:2"}}) == "none");
  CHECK(proxy_of("https://example.org/", {{"ALL_PROXY", "a:3"}}) == "a:3");
  CHECK(proxy_of("http://example.org/", {{"http_proxy", "l:4"}, {"HTTP_PROXY", "u:5"}}) == "l:4");
  CHECK(proxy_of("http://example.org/", {{"http_proxy", ""}, {"HTTP_PROXY", "u:5"}}) == "u:5");
  CHECK(proxy_of("http://example.org/", {}) == "none");
}

TEST_CASE("loopback and Unix sockets take no proxy") {
  const Environ variables{{"ALL_PROXY", "p:1"}};
  for (const char* url :
       {"http://127.0.0.1:9093/", "http://localhost/", "https://[::1]/", "unix:/run/x.sock:/"})
    CHECK(proxy_of(url, variables) == "none");
}

TEST_CASE("NO_PROXY names what is reached without") {
  const std::tuple<const char*, const char*, bool> table[] = {
      {"http://example.org/", "example.org", true},
      {"http://a.example.org/", "example.org", true},
      {"http://a.example.org/", ".example.org", true},
      {"http://a.example.org/", "*.example.org", true},
      {"http://EXAMPLE.org/", "example.ORG", true},
      {"http://badexample.org/", "example.org", false},
      {"http://example.org/", "other, example.org", true},
      {"http://example.org/", "other example.org", true},
      {"http://example.org/", "*", true},
      {"http://example.org:8080/", "example.org:8080", true},
      {"http://example.org:8081/", "example.org:8080", false},
      {"http://10.1.2.3/", "10.0.0.0/8", true},
      {"http://11.1.2.3/", "10.0.0.0/8", false},
      {"http://10.1.2.3/", "10.1.2.3", true},
      {"http://[2001:db8::1]/", "2001:db8::/32", true},
      {"http://example.org/", ",,", false},
  };
  for (const auto& [url, no_proxy, without] : table) {
    INFO(url << " " << no_proxy);
    CHECK(proxy_of(url, {{"HTTP_PROXY", "p:1"}, {"NO_PROXY", no_proxy}}) ==
          (without ? "none" : "p:1"));
  }
}

TEST_CASE("what is no proxy is an error that does not show it") {
  for (const char* value : {"socks5://p:1", "https://p:1", "p:0", "http://user:pa ss@"}) {
    INFO(value);
    const auto proxy = proxy_for(*net::parse_url("http://example.org/"), {{"HTTP_PROXY", value}});
    REQUIRE_FALSE(proxy);
    CHECK(proxy.error().message.starts_with("HTTP_PROXY: "));
    CHECK(proxy.error().message.find("pa ss") == std::string::npos);
  }
}

TEST_CASE("a proxy's credentials are decoded") {
  const auto proxy = net::parse_proxy_url("http://me:p%40ss@proxy.example:3128/");
  REQUIRE(proxy);
  CHECK(*proxy == net::ProxyUrl{"proxy.example", 3128, "me", "p@ss"});
  CHECK(*net::parse_proxy_url("proxy") == net::ProxyUrl{"proxy", 80, "", ""});
}
