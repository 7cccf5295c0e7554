// SPDX-License-Identifier: Apache-2.0
// CORS as a browser enforces it: headless Chromium opens a page of another origin, whose script
// calls the API and writes what it got into the page.
#include "common/http/server.hpp"
#include "common/net/listen.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

using namespace holdfast;
using namespace holdfast::test;

namespace {

// Serves one page on a port of its own, so its origin is not the API's.
class Site {
 public:
  Site()
      : work_(io_.get_executor()),
        server_(
            io_, {},
            [this](const std::shared_ptr<http::Request>& request, const http::Responder& respond) {
              respond(request->path == "/"
                          ? http::Response::text(200, page_, "text/html; charset=utf-8")
                          : http::Response::text(404, ""));
            },
            [](const http::Request&, const http::Refusal& refusal) {
              return http::Response::text(refusal.status, refusal.detail);
            }) {
    auto listener = net::open_listener("127.0.0.1:0");
    REQUIRE(listener);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(listener->get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    origin_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    REQUIRE(server_.listen(std::move(*listener)));
  }
  ~Site() {
    work_.reset();
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  const std::string& origin() const { return origin_; }
  void serve(const std::string& page) {
    page_ = page;
    thread_ = std::thread([this] { io_.run(); });
  }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  http::Server server_;
  std::string origin_;
  std::string page_;
  std::thread thread_;
};

// A PUT with a JSON body needs a preflight; the request id is a header that must be exposed.
std::string page(const std::string& api) {
  return R"(<!doctype html><title>t</title><pre id="out">nothing yet</pre><script>
const out = document.getElementById('out');
const note = (name, value) => { out.textContent += '\n' + name + '=' + value; };
(async () => {
  try {
    const r = await fetch(')" +
         api + R"(/api/queue');
    note('get', r.status);
    note('id', r.headers.get('X-Request-ID') ? 'readable' : 'hidden');
    note('remaining', r.headers.get('X-RateLimit-Remaining') ? 'readable' : 'hidden');
  } catch (e) { note('get', e.name); }
  try {
    const r = await fetch(')" +
         api + R"(/api/documents', {method: 'POST', credentials: 'include',
      headers: {'Content-Type': 'application/json'}, body: '{"content":"from a page"}'});
    note('post', r.status);
  } catch (e) { note('post', e.name); }
  note('done', 'yes');
})();
</script>)";
}

std::string browse(Stack& stack, const std::string& url) {
  Process chromium({"/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu",
                    "--disable-quic", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                    "--user-data-dir=" + stack.file("profile").native(),
                    "--virtual-time-budget=20000", "--dump-dom", url},
                   {}, stack.file("chromium.log"));
  REQUIRE(chromium.wait(std::chrono::seconds(120)).value == 0);
  return chromium.output();
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a page of an allowed origin reads the answers, a page of another one does not") {
  Site friendly;
  Site stranger;
  Stack stack(
      default_stack("[cors]\ncredentials = true\norigins = [\"" + friendly.origin() + "\"]\n"));
  stack.wait_ready();
  friendly.serve(page(stack.api()));
  stranger.serve(page(stack.api()));

  const std::string allowed = browse(stack, friendly.origin() + "/");
  INFO(allowed);
  CHECK(has(allowed, "get=200"));
  CHECK(has(allowed, "id=readable"));
  CHECK(has(allowed, "remaining=readable"));
  CHECK(has(allowed, "post=202"));
  CHECK(has(allowed, "done=yes"));

  const std::string refused = browse(stack, stranger.origin() + "/");
  INFO(refused);
  CHECK(has(refused, "get=TypeError"));
  CHECK(has(refused, "post=TypeError"));
  CHECK(has(refused, "done=yes"));
  // The other origin's preflight was refused, and its POST never sent: one document exists.
  const auto documents = nlohmann::json::parse(stack.get("/api/documents").body);
  CHECK(documents.dump().find("\"id\"") == documents.dump().rfind("\"id\""));
}
