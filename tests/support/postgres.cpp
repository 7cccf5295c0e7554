// SPDX-License-Identifier: Apache-2.0
#include "tests/support/postgres.hpp"

#include "tests/support/free_port.hpp"
#include "tests/support/wait.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace holdfast::test {

namespace {

// Debian keeps the servers of each release apart; the newest is taken.
std::filesystem::path find_server_programs() {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& release : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    if (std::filesystem::exists(release.path() / "bin/postgres"))
      found.push_back(release.path() / "bin");
  }
  if (found.empty())
    throw std::runtime_error("PostgreSQL is not installed: apt install postgresql");
  return *std::max_element(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::stoi(a.parent_path().filename()) < std::stoi(b.parent_path().filename());
  });
}

const passwd& server_user() {
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr) user = ::getpwnam("nobody");
  if (user == nullptr) throw std::runtime_error("there is no user to run the server as");
  return *user;
}

std::string must_run(const std::vector<std::string>& argv) {
  const Finished finished = run_program(argv);
  if (finished.ended.shell_status() != 0) {
    throw std::runtime_error(fmt::format("{}: {}", argv.back(), finished.output));
  }
  return finished.output;
}

}  // namespace

std::vector<std::string> PostgresServer::as_server_user(std::vector<std::string> argv) {
  if (::geteuid() != 0) return argv;
  const passwd& user = server_user();
  // A change of user clears the signal that ends the server with the test: it is set again.
  std::vector<std::string> all{find_program("setpriv").native(),
                               fmt::format("--reuid={}", user.pw_uid),
                               fmt::format("--regid={}", user.pw_gid),
                               "--clear-groups",
                               "--pdeathsig=QUIT",
                               "--"};
  all.insert(all.end(), argv.begin(), argv.end());
  return all;
}

PostgresServer::PostgresServer() : programs_(find_server_programs()), port_(free_port()) {
  if (::geteuid() == 0) {
    const passwd& user = server_user();
    if (::chown(directory_.path().c_str(), user.pw_uid, user.pw_gid) != 0) {
      throw std::runtime_error("chown failed");
    }
  }
  must_run(as_server_user({programs_ / "initdb", "-D", directory_ / "data", "-U", "holdfast",
                           "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"}));
  start();
}

PostgresServer::~PostgresServer() {
  if (!server_) return;
  thaw();
  stop();
}

void PostgresServer::start() {
  server_.emplace(as_server_user({programs_ / "postgres", "-D", directory_ / "data", "-k",
                                  directory_.path().native(), "-h", "127.0.0.1", "-p", port_, "-c",
                                  "shared_buffers=32MB", "-c", "max_connections=80", "-c",
                                  "deadlock_timeout=200ms"}),
                  std::map<std::string, std::string>{}, directory_ / "log");
  const std::string where = fmt::format("host=127.0.0.1 port={} dbname=postgres", port_);
  const bool up = wait_until([&] { return PQping(where.c_str()) == PQPING_OK || server_->poll(); },
                             std::chrono::minutes(2));
  if (!up || server_->poll()) {
    throw std::runtime_error("the PostgreSQL server did not start: " + server_->output());
  }
}

void PostgresServer::stop() {
  server_->signal(SIGINT);
  server_->wait();
  server_.reset();
}

void PostgresServer::kill() {
  const std::vector<pid_t> pids = processes();
  signal_all(SIGKILL);
  server_->wait();
  server_.reset();
  // The next server refuses the directory as long as one of these is left.
  for (const pid_t pid : pids)
    wait_until([pid] { return !alive(pid); });
}

void PostgresServer::freeze() {
  signal_all(SIGSTOP);
}

void PostgresServer::thaw() {
  signal_all(SIGCONT);
}

// The postmaster and its children, each of which leads a session of its own.
std::vector<pid_t> PostgresServer::processes() const {
  std::vector<pid_t> pids{server_->pid()};
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", server_->pid()));
  for (pid_t pid = 0; children >> pid;)
    pids.push_back(pid);
  return pids;
}

void PostgresServer::signal_all(int number) const {
  for (const pid_t pid : processes())
    ::kill(pid, number);
}

std::string PostgresServer::url(const std::string& database, const std::string& parameters) const {
  return fmt::format("postgresql://holdfast@127.0.0.1:{}/{}{}", port_, database, parameters);
}

std::string PostgresServer::socket_url(const std::string& database) const {
  std::string host;
  for (const char c : directory_.path().native())
    host += c == '/' ? std::string("%2F") : std::string(1, c);
  return fmt::format("postgresql://holdfast@{}:{}/{}", host, port_, database);
}

std::string PostgresServer::sql(const std::string& database, const std::string& statement) const {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(
      PQconnectdb(socket_url(database).c_str()), PQfinish);
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexec(connection.get(), statement.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(statement + ": " + PQerrorMessage(connection.get()));
  }
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

void PostgresServer::create_database(const std::string& name, const std::string& from) {
  sql("postgres", fmt::format("CREATE DATABASE {} TEMPLATE {}", name, from));
}

void PostgresServer::drop_database(const std::string& name) {
  sql("postgres", fmt::format("DROP DATABASE {} WITH (FORCE)", name));
}

}  // namespace holdfast::test
