// SPDX-License-Identifier: Apache-2.0
// The status page in a real browser, on a real stack. tests/page/page.mjs says what it looks for;
// HOLDFAST_SCREENSHOTS=DIR keeps its pictures; those in docs/images/ are of a stack some minutes
// old.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/free_port.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;

namespace {

// The page comes back at its address after a restart, so the port must be known beforehand.
std::string free_address() {
  return "127.0.0.1:" + free_port();
}

void run(const std::vector<std::string>& command, const std::filesystem::path& output) {
  Process process(command, {}, output);
  const Ended ended = process.wait(std::chrono::seconds(120));
  INFO(process.output());
  REQUIRE(ended.value == 0);
  REQUIRE_FALSE(ended.signaled);
}

}  // namespace

TEST_CASE("The status page shows what happens, in a browser") {
  const std::string address = free_address();
  Stack stack(default_stack(), {{"STATUS_LISTEN", address}});
  stack.wait_ready();

  const auto driver = stack.file("driver");
  std::filesystem::create_directory(driver);
  for (const char* name : {"package.json", "package-lock.json", "page.mjs"}) {
    std::filesystem::copy(std::filesystem::path(HOLDFAST_SOURCE_DIR) / "tests/page" / name,
                          driver / name);
  }
  run({"/usr/bin/env", "npm", "ci", "--prefix", driver, "--ignore-scripts", "--no-audit",
       "--no-fund"},
      stack.file("npm.log"));

  // Some traffic, so that there is something to see.
  const std::string id = post_document(stack, {"one", "a document to read again and again"});
  const std::string url = stack.api() + "/api/documents/" + id;
  std::atomic<bool> stop{false};
  std::thread load([&] {
    while (!stop) {
      (void)http::fetch("GET", url, {}, "", {});
      ::poll(nullptr, 0, 5);
    }
  });

  const char* pictures = std::getenv("HOLDFAST_SCREENSHOTS");
  Process browser({"/usr/bin/env", "node", driver / "page.mjs", "http://" + address + "/", driver,
                   pictures == nullptr ? driver.string() : pictures},
                  {}, stack.file("browser.log"));
  std::optional<Ended> ended;
  bool restarted = false;
  const bool finished = wait_until(
      [&] {
        // The driver asks for the restart, and for the start once it has seen that nobody answers.
        if (!restarted && std::filesystem::exists(driver / "stop-it")) {
          stack.supervisor().signal(SIGTERM);
          stack.supervisor().wait();
          restarted = wait_until([&] {
            ended = browser.poll();
            return ended || std::filesystem::exists(driver / "start-it");
          });
          stack.start();
        }
        if (!ended) ended = browser.poll();
        return ended.has_value();
      },
      std::chrono::seconds(150));
  stop = true;
  load.join();
  INFO(browser.output());
  REQUIRE(finished);
  REQUIRE_FALSE(ended->signaled);
  REQUIRE(ended->value == 0);
  REQUIRE(restarted);
  WARN(browser.output());  // the times it took
}
