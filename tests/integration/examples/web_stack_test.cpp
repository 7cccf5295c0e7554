// SPDX-License-Identifier: Apache-2.0
// examples/web-stack as it is shipped, but for its ports: nginx and Node.js beside the stack.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/free_port.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <regex>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

// The example in a directory and on ports of the test's.
class WebStack {
 public:
  WebStack() {
    const std::string toml = copy("holdfast.toml");
    copy("nginx.conf");
    copy("server.js");
    stack_ = std::make_unique<Stack>(toml);
    stack_->wait_ready();
  }
  Stack* operator->() { return stack_.get(); }
  Stack& stack() { return *stack_; }
  // Changes a file of the example, as an operator would.
  void edit(const std::string& name, const std::string& from, const std::string& to) {
    std::ifstream in(dir_ / name);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    std::ofstream(dir_ / name) << text.replace(at, from.size(), to);
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + web_ + path; }

 private:
  std::string copy(const std::string& name) {
    std::ifstream in(std::string(WEB_STACK) + "/" + name);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    REQUIRE_FALSE(text.empty());
    for (const auto& [from, to] :
         std::map<std::string, std::string>{{":3000", ":" + api_},
                                            {":3001", ":" + node_},
                                            {":8080", ":" + web_},
                                            {"examples/web-stack", dir_.path().string()},
                                            {"/tmp/holdfast-nginx", (dir_ / "nginx").string()}}) {
      text = std::regex_replace(text, std::regex(from), to);
    }
    std::ofstream(dir_ / name) << text;
    return text;
  }

  TempDir dir_;
  std::string api_ = free_port();
  std::string node_ = free_port();
  std::string web_ = free_port();
  std::unique_ptr<Stack> stack_;
};

std::string body_of(const std::string& url) {
  const auto answer = http::fetch("GET", url, {}, "", {});
  return answer ? answer->body : "failed: " + answer.error().message;
}

}  // namespace

TEST_CASE("the web stack answers through nginx from Node.js and from the document service") {
  WebStack web;
  CHECK(body_of(web.url("/hello")).starts_with("hello from node."));
  http::Headers type;
  type.set("Content-Type", "application/json");
  const auto posted = http::fetch("POST", web.url("/api/documents"), type,
                                  R"({"title":"t","content":"a heron stood in the shallows"})", {});
  REQUIRE(posted);
  REQUIRE(posted->status == 202);
  REQUIRE(wait_until([&] {
    return body_of(web.url("/api/search?q=heron")).find("shallows") != std::string::npos;
  }));
  CHECK(Stack::sum_of(web->metrics(), "hello_requests_total") == 1);

  web->supervisor().signal(SIGTERM);
  CHECK(web->supervisor().wait().value == 0);  // everybody stopped by themselves
}

TEST_CASE("nginx, Node.js and the API are restarted one after the other and no request fails") {
  WebStack web;
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::atomic<int> failed{0};
  std::thread client([&] {
    for (int i = 0; !stop; ++i) {
      const auto answer =
          http::fetch("GET", web.url(i % 2 == 0 ? "/hello" : "/health"), {}, "", {});
      ++(answer && answer->status == 200 ? answered : failed);
    }
  });
  for (const char* program : {"nginx", "node", "api-worker"}) {
    const int before = answered;
    CHECK(wait_until([&] { return answered > before + 20; }));
    const auto answer = web->command({"restart", program});
    INFO(answer.output);
    CHECK(answer.exit_code == 0);
  }
  const int before = answered;
  CHECK(wait_until([&] { return answered > before + 20; }));
  stop = true;
  client.join();
  CHECK(failed == 0);
}

TEST_CASE("a bad nginx.conf, or a Node.js version that answers 503, leaves the old ones serving") {
  WebStack web;
  std::string program;
  SECTION("nginx") {
    program = "nginx";
    web.edit("nginx.conf", "http {", "http { nonsense on;");
  }
  SECTION("Node.js") {
    program = "node";
    web.edit("server.js", "  if (request.url", "  response.statusCode = 503;\n  if (request.url");
  }
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::atomic<int> failed{0};
  std::thread client([&] {
    while (!stop) {
      const auto answer = http::fetch("GET", web.url("/nginx-health"), {}, "", {});
      ++(answer && answer->status == 200 ? answered : failed);
    }
  });
  CHECK(wait_until([&] { return answered > 20; }));
  const auto answer = web->command({"restart", program});
  INFO(answer.output);
  CHECK(answer.exit_code == 1);
  const int before = answered;
  CHECK(wait_until([&] { return answered > before + 20; }));
  stop = true;
  client.join();
  CHECK(failed == 0);
  CHECK(web->worker(program + ".0")["incarnation"] == 1);
  CHECK(body_of(web.url("/hello")).starts_with("hello from node."));
}

TEST_CASE("what a killed Node.js worker had counted stays counted") {
  WebStack web;
  const auto total = [&] { return Stack::sum_of(web->metrics(), "hello_requests_total"); };
  for (int i = 0; i < 50; ++i)
    REQUIRE(body_of(web.url("/hello")).starts_with("hello"));
  REQUIRE(wait_until([&] { return total() == 50; }));  // scrapes within 100 ms share a collection
  web->signal("node.0", SIGKILL);
  REQUIRE(wait_until([&] {
    const json worker = web->worker("node.0");
    return worker.value("restarts", 0) == 1 && worker.value("state", "") == "ready";
  }));
  CHECK(total() == 50);
  REQUIRE(wait_until([&] { return body_of(web.url("/hello")).starts_with("hello"); }));
  CHECK(wait_until([&] { return total() >= 51; }));
}
