// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/edge/redis_server.hpp"

#include "tests/support/free_port.hpp"
#include "tests/support/wait.hpp"

#include <stdexcept>

namespace holdfast::test {

RedisServer::RedisServer(std::string password, std::vector<std::string> options)
    : password_(std::move(password)), options_(std::move(options)) {
  start();
}

std::string RedisServer::url() const {
  const std::string user = password_.empty() ? "" : ":" + password_ + "@";
  return "unix://" + user + (dir_ / "redis.sock").native();
}

void RedisServer::start() {
  std::vector<std::string> argv{
      "/usr/bin/redis-server", "--port", "0",     "--unixsocket", dir_ / "redis.sock", "--save", "",
      "--appendonly",          "no",     "--dir", dir_.path()};
  if (!password_.empty()) argv.insert(argv.end(), {"--requirepass", password_});
  argv.insert(argv.end(), options_.begin(), options_.end());
  process_ =
      std::make_unique<Process>(argv, std::map<std::string, std::string>{}, dir_ / "redis.log");
  const bool up = wait_until([this] {
    if (process_->poll()) throw std::runtime_error("redis-server: " + process_->output());
    return command({"PING"}) == "PONG";
  });
  if (!up) throw std::runtime_error("redis-server does not answer: " + process_->output());
}

int RedisServer::listen_on_loopback() const {
  command({"CONFIG", "SET", "bind", "127.0.0.1"});
  // Another process may take the port before Redis does; then it gets another one.
  for (int attempt = 0; attempt < 20; ++attempt) {
    const std::string port = free_port();
    if (command({"CONFIG", "SET", "port", port}) == "OK") return std::stoi(port);
  }
  throw std::runtime_error("redis-server takes no port");
}

int RedisServer::listen_with_tls(const std::filesystem::path& certificate,
                                 const std::filesystem::path& key, bool asks_clients) const {
  command({"CONFIG", "SET", "bind", "127.0.0.1"});
  for (int attempt = 0; attempt < 20; ++attempt) {
    const std::string port = free_port();
    const std::string set = command({"CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file",
                                     key, "tls-ca-cert-file", certificate, "tls-auth-clients",
                                     asks_clients ? "yes" : "no", "tls-port", port});
    if (set == "OK") return std::stoi(port);
  }
  throw std::runtime_error("redis-server takes no port for TLS: " + process_->output());
}

void RedisServer::kill() {
  process_->signal(SIGKILL);
  process_->wait();
}

std::string RedisServer::command(const std::vector<std::string>& words) const {
  std::vector<std::string> argv{"/usr/bin/redis-cli", "-s", dir_ / "redis.sock"};
  if (!password_.empty()) argv.insert(argv.end(), {"--no-auth-warning", "-a", password_});
  argv.insert(argv.end(), words.begin(), words.end());
  std::filesystem::remove(dir_ / "cli.log");
  Process cli(argv, {}, dir_ / "cli.log");
  cli.wait();
  std::string output = cli.output();
  while (output.ends_with('\n'))
    output.pop_back();
  return output;
}

}  // namespace holdfast::test
