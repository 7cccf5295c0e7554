// SPDX-License-Identifier: Apache-2.0
// What a worker was at when it died, by kill -9 too.
#include "tests/integration/crashes/reports.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/programs.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

// A client on a connection of its own.
class Client {
 public:
  explicit Client(const std::string& address)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("connect");
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(fd_); }

  void send(const std::string& text) const {
    if (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
      throw std::runtime_error("send");
  }
  // What has come by the end of the head of an answer.
  std::string answer() const {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int fd_;
};

// A document whose body does not come: the worker has begun the request, and says so by asking for
// the body.
std::string unfinished_post(const std::string& request_id) {
  return "POST /api/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
         "Content-Length: 1000\r\nExpect: 100-continue\r\nX-Request-ID: " +
         request_id + "\r\n\r\n";
}

}  // namespace

TEST_CASE("kill -9 of an API worker: its report names the requests that it was at, and no others") {
  Stack stack("[listen.http]\naddress = \"127.0.0.1:0\"\n\n" + api_workers(1));
  stack.wait_ready();
  http::Headers done;
  done.set("X-Request-ID", "answered-before");
  REQUIRE(http::fetch("GET", stack.api() + "/api/documents", done, "", {}).has_value());
  const Client first(stack.address_of("http"));
  const Client second(stack.address_of("http"));
  first.send(unfinished_post("req-slow-1"));
  REQUIRE_THAT(first.answer(), Catch::StartsWith("HTTP/1.1 100"));
  second.send(unfinished_post("req-slow-2"));
  REQUIRE_THAT(second.answer(), Catch::StartsWith("HTTP/1.1 100"));
  stack.signal("api-worker.0", SIGKILL);

  const json report = wait_crash(stack, "api-worker.0");
  INFO(report.dump());
  REQUIRE(report.is_object());
  CHECK(report["kind"] == "crashed");
  CHECK(report["exit"]["signal"] == SIGKILL);
  CHECK(report["incarnation"] == 1);
  CHECK(report["next_try"].get<std::string>() != "");
  REQUIRE(report["in_flight"].size() == 2);
  CHECK(report["in_flight"][0]["kind"] == "request");
  CHECK(report["in_flight"][0]["id"] == "req-slow-1");
  CHECK(report["in_flight"][0]["what"] == "POST /api/documents");
  CHECK(report["in_flight"][0]["age_seconds"].get<double>() >= 0);
  CHECK(report["in_flight"][1]["id"] == "req-slow-2");

  const auto page = stack.command({"crashes", "show", "latest"});
  CHECK(page.exit_code == 0);
  CHECK_THAT(page.output, Catch::Contains("What it was at") && Catch::Contains("req-slow-1"));
  // Its successor begins with an empty slate.
  REQUIRE(stack.wait_state("api-worker.0", "ready"));
  stack.signal("api-worker.0", SIGKILL);
  REQUIRE(wait_until([&] { return list_crashes(stack, "api-worker.0").size() == 2; }));
  CHECK(wait_crash(stack, "api-worker.0")["in_flight"].empty());
}

TEST_CASE(
    "a queue worker killed in the middle of a job: its report names the job and the request") {
  // It kills itself as soon as it has loaded the document of a job.
  const TempDir failpoints;
  std::ofstream(failpoints / "working") << "kill";
  Stack stack(
      default_stack("[program.migrate]\ncommand = [\"holdfast-queue-worker\", \"migrate\"]\n"
                    "type = \"oneshot\"\n\n"
                    "[program.queue-worker]\ncommand = [\"holdfast-queue-worker\"]\n"
                    "after = [\"migrate\"]\n"
                    "environment = { HOLDFAST_TEST_FAILPOINTS = \"" +
                    failpoints.path().string() +
                    "\" }\n\n"
                    "[program.api-worker]\ncommand = [\"holdfast-api-worker\"]\n"
                    "sockets = [\"http\"]\nafter = [\"migrate\"]\n"),
      {}, {bin_dir() / "faulty/holdfast", "run"});
  stack.wait_ready();
  http::Headers headers;
  headers.set("X-Request-ID", "req-of-the-job");
  const std::string id = post_document(stack, {"one", "a text"}, headers);
  const json report = wait_crash(stack, "queue-worker.0");
  INFO(report.dump());
  REQUIRE(report.is_object());
  REQUIRE(report["in_flight"].size() == 1);
  CHECK(report["in_flight"][0]["kind"] == "job");
  CHECK(report["in_flight"][0]["id"] == "req-of-the-job");
  CHECK_THAT(report["in_flight"][0]["what"].get<std::string>(),
             Catch::StartsWith("job ") && Catch::EndsWith("document " + id));
}
