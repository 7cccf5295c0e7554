// SPDX-License-Identifier: Apache-2.0
#pragma once

// A real redis-server for one test, on a Unix socket in a directory of its own, without
// persistence, and without a TCP port unless one is requested.

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::test {

class RedisServer {
 public:
  explicit RedisServer(std::string password = "", std::vector<std::string> options = {});

  std::string url() const;  // unix://…
  // One command by redis-cli; its output without the last newline. Throws if the server is gone.
  std::string command(const std::vector<std::string>& words) const;

  // Makes it listen on 127.0.0.1 as well, and on no other address; returns the port.
  int listen_on_loopback() const;

  // The same with TLS: on this certificate and its key, and for clients that show one of it if
  // `asks_clients`.
  int listen_with_tls(const std::filesystem::path& certificate, const std::filesystem::path& key,
                      bool asks_clients = false) const;

  void start();  // until it answers
  void kill();   // SIGKILL; waits for its end
  void pause() { process_->signal(SIGSTOP); }
  void resume() { process_->signal(SIGCONT); }

 private:
  TempDir dir_;
  std::string password_;
  std::vector<std::string> options_;  // "--name", "value"
  std::unique_ptr<Process> process_;
};

}  // namespace holdfast::test
