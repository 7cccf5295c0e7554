// SPDX-License-Identifier: Apache-2.0
#pragma once

// An example as it is shipped, in a directory and on ports of the test's, running.

#include "tests/support/stack.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace holdfast::test {

class CopiedExample {
 public:
  // `name`: a folder of examples/. `ports`: those that its files name; each is replaced by a free
  // one. `environment`: for the supervisor, and so for its programs.
  CopiedExample(const std::string& name, const std::vector<std::string>& ports,
                std::map<std::string, std::string> environment = {});

  Stack* operator->() { return stack_.get(); }
  // "3001", "/orders" -> "http://127.0.0.1:41234/orders"
  std::string url(const std::string& port, const std::string& path) const;
  // The body of the answer, or what was wrong.
  std::string get(const std::string& port, const std::string& path) const;
  std::string post_json(const std::string& port, const std::string& path, const std::string& body,
                        const std::string& request_id = "test-request") const;
  // Changes a file of the example, as an operator would.
  void edit(const std::string& name, const std::string& from, const std::string& to) const;
  std::filesystem::path file(const std::string& name) const { return dir_ / name; }

 private:
  TempDir dir_;
  std::map<std::string, std::string> ports_;
  std::unique_ptr<Stack> stack_;
};

// Asks for a URL, again and again, until it is stopped.
class SteadyClient {
 public:
  explicit SteadyClient(std::string url);
  ~SteadyClient();
  // Waits for twenty more answers; false if they do not come.
  bool goes_on() const;
  int failed() const { return failed_; }
  void stop();

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> answered_{0};
  std::atomic<int> failed_{0};
  std::thread thread_;
};

}  // namespace holdfast::test
