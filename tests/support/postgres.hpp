// SPDX-License-Identifier: Apache-2.0
#pragma once

// A PostgreSQL server of the test's own: a cluster in a temporary directory, run by an unprivileged
// user (the server refuses root), reached by a Unix socket and by a port of the loopback. It syncs
// its log as it does for users. The server is this machine's, or, for root, the one of the Debian
// tree that HOLDFAST_TEST_POSTGRES_TREE names: another release than this one's.
//
// Threads: one at a time. The thread that starts the server must outlive it (process.hpp).

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::test {

class PostgresServer {
 public:
  // Running; throws if PostgreSQL is not installed. `settings`: more of postgresql.conf(5), each
  // "name=value".
  explicit PostgresServer(std::vector<std::string> settings = {});
  ~PostgresServer();

  void start();
  void stop();    // at once and in order: open transactions are rolled back
  void kill();    // SIGKILL to every process of the server
  void freeze();  // SIGSTOP to every process of the server
  void thaw();

  std::string port() const { return port_; }
  // Of a database; `host` and what follows as in a URL of libpq's.
  std::string url(const std::string& database, const std::string& parameters = "") const;
  std::string socket_url(const std::string& database) const;

  // The first column of the first row, as text; "" if there is none. Throws if it fails.
  std::string sql(const std::string& database, const std::string& statement) const;
  void create_database(const std::string& name, const std::string& from = "template1");
  void drop_database(const std::string& name);

  // What runs a program as the server's user, where the server is.
  std::vector<std::string> as_server_user(const std::vector<std::string>& argv) const;
  // The same user of this machine, for a program that is not the server's.
  static std::vector<std::string> as_local_user(const std::vector<std::string>& argv);
  // The folder of the server's data, sockets and log, which is that user's.
  const std::filesystem::path& directory() const { return directory_.path(); }
  // The same file, written and made that user's.
  void write_file(const std::string& name, const std::string& content, int mode = 0600) const;

 private:
  std::vector<pid_t> processes() const;
  void signal_all(int number) const;

  TempDir directory_;
  std::filesystem::path programs_;
  std::string port_;
  std::vector<std::string> settings_;
  std::optional<Process> server_;
};

}  // namespace holdfast::test
