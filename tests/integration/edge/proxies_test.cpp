// SPDX-License-Identifier: Apache-2.0
// The stack behind real proxies, in the configurations that people write.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/programs.hpp"

#include <atomic>
#include <fstream>
#include <memory>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::string stack_with(const std::string& http = "") {
  return default_stack("\n[http]\n" + http + "\n" + api_workers(1));
}

// A proxy in front of `stack`, until destroyed.
class Proxy {
 public:
  // What `location /` of nginx has beside proxy_pass.
  static Proxy nginx(Stack& stack, const std::string& location = "", const std::string& more = "") {
    Proxy proxy;
    std::string temporary;
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
      temporary += fmt::format("  {}_temp_path {};\n", kind, (*proxy.dir_ / kind).string());
    proxy.write(
        "nginx.conf",
        fmt::format("daemon off;\nmaster_process off;\npid {};\nerror_log stderr;\nevents {{}}\n"
                    "http {{\n  access_log off;\n{}{}\n  server {{\n    listen 127.0.0.1:{};\n"
                    "    client_max_body_size 0;\n    location / {{\n      proxy_pass {};\n"
                    "      {}\n    }}\n  }}\n}}\n",
                    (*proxy.dir_ / "pid").string(), temporary, more, proxy.port_, stack.api(),
                    location));
    proxy.start(
        {"/usr/sbin/nginx", "-p", proxy.dir_->path().string(), "-c", "nginx.conf", "-e", "stderr"});
    return proxy;
  }

  // `frontend`: a further line of the frontend; `server`: what the server's line ends with.
  static Proxy haproxy(Stack& stack, const std::string& mode = "http",
                       const std::string& frontend = "", const std::string& server = "") {
    Proxy proxy;
    proxy.write("haproxy.cfg",
                fmt::format("defaults\n  mode {}\n  timeout connect 5s\n  timeout client 30s\n"
                            "  timeout server 30s\nfrontend front\n  bind 127.0.0.1:{}\n"
                            "  {}\n  default_backend back\nbackend back\n  server api {} {}\n",
                            mode, proxy.port_, frontend, stack.address_of("http"), server));
    proxy.start({"/usr/sbin/haproxy", "-db", "-f", (*proxy.dir_ / "haproxy.cfg").string()});
    return proxy;
  }

  Result<http::Response> ask(const std::string& method, const std::string& path,
                             const http::Headers& headers = {},
                             const std::string& body = "") const {
    http::FetchOptions options;
    options.deadline = std::chrono::seconds(30);
    return http::fetch(method, "http://127.0.0.1:" + port_ + path, headers, body, options);
  }
  int status(const std::string& path, const http::Headers& headers = {}) const {
    const auto answer = ask("GET", path, headers);
    return answer ? answer->status : 0;
  }

 private:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(*dir_ / name) << text;
  }
  void start(const std::vector<std::string>& argv) {
    process_ = std::make_unique<Process>(argv, ProcessOptions{.output = *dir_ / "output"});
    if (!wait_until([&] { return status("/live") == 200; })) {
      throw std::runtime_error("the proxy does not serve: " + process_->output());
    }
  }

  std::unique_ptr<TempDir> dir_ = std::make_unique<TempDir>();
  std::string port_ = free_port();
  std::unique_ptr<Process> process_;
};

http::Headers fields(const std::vector<std::pair<std::string, std::string>>& list) {
  http::Headers headers;
  for (const auto& [name, value] : list)
    headers.add(name, value);
  return headers;
}

}  // namespace

TEST_CASE("a proxy that names nobody does not open metrics and internal paths") {
  Stack stack(stack_with());
  stack.wait_ready();
  const auto closed = [](const Proxy& proxy) {
    for (const char* path : {"/metrics", "/internal/stats"}) {
      INFO(path);
      CHECK(proxy.status(path) == 403);
      CHECK(proxy.status(path, fields({{"Host", "localhost"}})) == 403);
      CHECK(proxy.status(path, fields({{"Host", "127.0.0.1"}, {"Connection", "close"}})) == 403);
    }
    const auto ready = proxy.ask("GET", "/ready?verbose");
    REQUIRE(ready);
    CHECK(ready->body.find("programs") == std::string::npos);
  };
  SECTION("nginx, plain proxy_pass") {
    closed(Proxy::nginx(stack));
  }
  SECTION("nginx with HTTP/1.1 upstream") {
    closed(Proxy::nginx(stack, "proxy_http_version 1.1; proxy_set_header Connection \"\";"));
  }
  SECTION("HAProxy, defaults") {
    closed(Proxy::haproxy(stack));
  }
  SECTION("HAProxy, which passes bytes on") {
    closed(Proxy::haproxy(stack, "tcp"));
  }
  CHECK(stack.get("/metrics").status == 403);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_metrics_up") >
        0);  // the supervisor's own endpoint
}

TEST_CASE("a refusal arrives through a proxy that is still sending the body") {
  Stack stack(stack_with("max_document_bytes = \"1MiB\""));
  stack.wait_ready();
  const std::string large(12u << 20, 'x');
  const auto refused = [&](const Proxy& proxy) {
    for (int i = 0; i < 10; ++i) {
      const auto answer =
          proxy.ask("POST", "/api/documents", fields({{"Content-Type", "text/plain"}}), large);
      REQUIRE(answer);
      CHECK(answer->status == 413);
      CHECK(answer->body.find("\"request_id\"") != std::string::npos);
    }
  };
  SECTION("nginx") {
    refused(Proxy::nginx(stack));
  }
  SECTION("nginx without buffering") {
    refused(Proxy::nginx(stack, "proxy_http_version 1.1; proxy_request_buffering off;"));
  }
  SECTION("HAProxy") {
    refused(Proxy::haproxy(stack));
  }
}

TEST_CASE("conditional requests work through a proxy that compresses") {
  Stack stack(stack_with());
  stack.wait_ready();
  const Proxy proxy = Proxy::nginx(stack, "proxy_http_version 1.1;",
                                   "gzip on; gzip_min_length 1; gzip_proxied any; gzip_types *;");
  const std::string path = "/api/documents/" + post_document(stack, {"one", "a few words"});
  const auto read = proxy.ask("GET", path, fields({{"Accept-Encoding", "gzip"}}));
  REQUIRE(read);
  const std::string tag = *read->headers.find("ETag");
  REQUIRE(tag.starts_with("W/"));  // what this test is about
  CHECK(proxy.status(path, fields({{"If-None-Match", tag}})) == 304);
  const auto write = [&](const std::string& match) {
    const auto answer = proxy.ask(
        "PUT", path, fields({{"Content-Type", "text/plain"}, {"If-Match", match}}), "other words");
    return answer ? answer->status : 0;
  };
  CHECK(write(tag) == 202);
  CHECK(write(tag) == 412);
}

TEST_CASE("clients behind a trusted proxy are told apart, and the proxy is none of them") {
  Stack stack(
      stack_with("trusted_proxies = [\"127.0.0.1\"]\nmax_connections_per_client = 1\n"
                 "metrics_allow = [\"203.0.113.0/24\"]"));
  stack.wait_ready();
  const Proxy proxy = Proxy::haproxy(stack);
  // More connections to the worker than one client may have.
  std::vector<std::thread> clients;
  std::atomic<int> served{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int n = 0; n < 10; ++n)
        served += proxy.status("/api/documents") == 200 ? 1 : 0;
    });
  }
  for (std::thread& client : clients)
    client.join();
  CHECK(served == 80);
  CHECK(proxy.status("/metrics") == 403);
  CHECK(proxy.status("/metrics", fields({{"X-Forwarded-For", "203.0.113.9"}})) == 200);
}

namespace {

// A stack that shows its metrics to one network alone.
std::string trusting(const std::string& network, const std::string& http,
                     const std::string& listen = "") {
  std::string text = stack_with("trusted_proxies = [\"" + network +
                                "\"]\nmetrics_allow = [\"203.0.113.0/24\"]\n" + http);
  return text.replace(text.find("[listen.http]\n"), 14, "[listen.http]\n" + listen);
}

http::Headers from(const std::string& address) {
  return fields({{"X-Source", address}});
}

}  // namespace

TEST_CASE("HAProxy's send-proxy-v2 names the clients") {
  Stack stack(trusting("127.0.0.1", "", "proxy_protocol = true\n"));
  stack.wait_ready();
  SECTION("over HTTP, with health checks") {
    const Proxy proxy = Proxy::haproxy(stack, "http", "http-request set-src hdr(X-Source)",
                                       "send-proxy-v2 check check-send-proxy inter 200ms");
    CHECK(proxy.status("/metrics", from("203.0.113.9")) == 200);
    CHECK(proxy.status("/metrics", from("198.51.100.7")) == 403);
    CHECK(proxy.status("/metrics", from("2001:db8::5")) == 403);
    // Once the connection has named its client, it names nobody else.
    http::Headers forged = from("198.51.100.7");
    forged.add("X-Forwarded-For", "203.0.113.9");
    CHECK(proxy.status("/metrics", forged) == 403);
  }
  SECTION("bytes as they are, with extensions") {
    const Proxy proxy =
        Proxy::haproxy(stack, "tcp", "", "send-proxy-v2 proxy-v2-options unique-id,crc32c");
    CHECK(proxy.status("/api/documents") == 200);
    const auto posted =
        proxy.ask("POST", "/api/documents", fields({{"Content-Type", "text/plain"}}),
                  std::string(1u << 20, 'x'));
    REQUIRE(posted);
    CHECK(posted->status == 202);
  }
  // Without the header the connection is closed.
  CHECK_FALSE(http::fetch("GET", stack.api() + "/live", {}, ""));
}

TEST_CASE("peers that are not trusted are served without a PROXY header, and with none") {
  Stack stack(trusting("192.0.2.0/24", "", "proxy_protocol = true\n"));
  stack.wait_ready();
  CHECK(stack.get("/live").status == 200);
}

TEST_CASE("a proxy that sends Forwarded names the clients with it, where it is chosen") {
  Stack stack(trusting("127.0.0.1", "forwarded_field = \"Forwarded\"\n"));
  stack.wait_ready();
  const Proxy proxy = Proxy::haproxy(
      stack, "http", "http-request add-header Forwarded \"for=%[req.hdr(X-Source)];proto=http\"");
  CHECK(proxy.status("/metrics", from("203.0.113.9")) == 200);
  CHECK(proxy.status("/metrics", from("198.51.100.7")) == 403);
  CHECK(proxy.status("/metrics", from("\\\"[2001:db8::5]:80\\\"")) == 403);
  http::Headers forged = from("198.51.100.7");
  forged.add("X-Forwarded-For", "203.0.113.9");
  forged.add("Forwarded", "for=203.0.113.9");
  CHECK(proxy.status("/metrics", forged) == 403);
}
