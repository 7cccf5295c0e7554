// SPDX-License-Identifier: Apache-2.0
#pragma once

// The API worker's service in this process, as run_worker would run it: a real socket, a real
// SQLite store in a directory of its own, a log file, a doorbell. Destroying it drains it.

#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "common/store/types.hpp"
#include "common/worker/runtime.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <thread>

namespace holdfast::api::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

// How a test's supervisor answers; null: there is none and the worker runs alone.
using Supervisor = http::Handler;

class ApiService {
 public:
  explicit ApiService(const std::function<void(config::Config&)>& configure = {},
                      Supervisor supervisor = {});
  ~ApiService();

  http::Response call(const std::string& method, const std::string& target,
                      const Fields& headers = {}, const std::string& body = "") const;
  http::Response get(const std::string& target, const Fields& headers = {}) const {
    return call("GET", target, headers);
  }
  http::Response post_json(const std::string& target, const std::string& body) const {
    return call("POST", target, {{"Content-Type", "application/json"}}, body);
  }
  std::uint16_t port() const { return port_; }
  // Its own metrics, made current as for the supervisor.
  std::string scrape();
  // The other socket that the worker was handed: "unix:/path:/target".
  std::string unix_url(const std::string& target) const;
  // Sends these bytes over a connection of their own, which is left to the caller.
  Fd send(const std::string& bytes) const;
  // The same, and reads until the server closes.
  std::string raw(const std::string& bytes) const;

  // Does the queue worker's part: every waiting document gets its vectors.
  void embed_everything() const;
  // The same, but no job can be done: they are dead, and their documents failed.
  void fail_everything(const std::string& error) const;
  // The jobs that are ready stay with a worker that never does anything.
  void hold_everything() const;
  // Takes a table away, as damage to the file would.
  void damage_store(const std::string& table = "document") const;
  // As `holdfast api-key` does, from another process: returns the key.
  std::string make_api_key(store::Scope scope, std::optional<std::uint32_t> rate_limit = {},
                           std::optional<std::int64_t> expires_at = {}) const;
  void revoke_api_key(const std::string& key) const;
  // The new key; the old one stays valid for an hour.
  std::string rotate_api_key(const std::string& key) const;
  store::ApiKey stored_api_key(const std::string& key) const;
  // No write of anybody begins until the result is destroyed, as behind a process or disk that
  // hangs.
  std::shared_ptr<void> stall_writes() const;
  // As if the supervisor had died: nothing answers at its socket any more.
  void remove_supervisor_socket() const;
  // How often the doorbell was rung since last asked.
  std::uint64_t rings() const;
  // Drains as SIGTERM would and returns the parsed log; nothing can be called afterwards.
  std::vector<nlohmann::json> stop_and_read_log();

 private:
  class FakeContext;
  void stop();

  holdfast::test::TempDir directory_;
  config::Config config_;
  std::uint16_t port_ = 0;
  Fd log_file_;
  Fd doorbell_;
  boost::asio::io_context io_;
  std::unique_ptr<http::Server> supervisor_;
  std::unique_ptr<FakeContext> context_;
  std::unique_ptr<worker::Service> service_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace holdfast::api::test
