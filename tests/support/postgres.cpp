// SPDX-License-Identifier: Apache-2.0
#include "tests/support/postgres.hpp"

#include "tests/support/free_port.hpp"
#include "tests/support/wait.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace holdfast::test {

namespace {

// The root of the file system that the server is in.
std::filesystem::path tree() {
  const char* const named = std::getenv("HOLDFAST_TEST_POSTGRES_TREE");
  return named == nullptr || *named == '\0' ? "/" : named;
}

// Debian keeps the servers of each release apart; the newest is taken. A path inside of the tree.
std::filesystem::path find_server_programs() {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& release :
       std::filesystem::directory_iterator(tree() / "usr/lib/postgresql", error)) {
    if (std::filesystem::exists(release.path() / "bin/postgres"))
      found.push_back(release.path() / "bin");
  }
  if (found.empty())
    throw std::runtime_error("PostgreSQL is not installed: apt install postgresql");
  const auto newest =
      std::max_element(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return std::stoi(a.parent_path().filename()) < std::stoi(b.parent_path().filename());
      });
  return "/" / newest->lexically_relative(tree());
}

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

// As the passwd(5) of the tree says: its numbers are its own.
User server_user(const std::filesystem::path& root = tree()) {
  for (const std::string name : {"postgres", "nobody"}) {
    std::ifstream accounts(root / "etc/passwd");
    for (std::string line; std::getline(accounts, line);) {
      if (!line.starts_with(name + ":")) continue;
      std::istringstream fields(line);
      std::string field;
      User user;
      for (int i = 0; std::getline(fields, field, ':'); ++i) {
        if (i == 2) user.uid = static_cast<uid_t>(std::stoul(field));
        if (i == 3) user.gid = static_cast<gid_t>(std::stoul(field));
      }
      return user;
    }
  }
  throw std::runtime_error("there is no user to run the server as");
}

// $1: the tree, $2: the directory, which is the same inside of it. A mount of its own namespace
// ends with the process.
constexpr const char* kEnterTree =
    "mkdir -p \"$1$2\" && mount --bind \"$2\" \"$1$2\" && mount --rbind /dev \"$1/dev\" && tree=$1"
    " && shift 2 && exec chroot \"$tree\" \"$@\"";

// `setpriv`: what is run with the options of setpriv(1).
std::vector<std::string> changing_user(std::vector<std::string> setpriv, const User& user,
                                       const std::vector<std::string>& argv) {
  // A change of user clears the signal that ends the server with the test: it is set again.
  for (const std::string& argument :
       {fmt::format("--reuid={}", user.uid), fmt::format("--regid={}", user.gid),
        std::string("--clear-groups"), std::string("--pdeathsig=QUIT"), std::string("--")})
    setpriv.push_back(argument);
  setpriv.insert(setpriv.end(), argv.begin(), argv.end());
  return setpriv;
}

std::string must_run(const std::vector<std::string>& argv) {
  const Finished finished = run_program(argv);
  if (finished.ended.shell_status() != 0) {
    throw std::runtime_error(fmt::format("{}: {}", argv.back(), finished.output));
  }
  return finished.output;
}

}  // namespace

std::vector<std::string> PostgresServer::as_local_user(const std::vector<std::string>& argv) {
  if (::geteuid() != 0) return argv;
  return changing_user({find_program("setpriv").native()}, server_user("/"), argv);
}

std::vector<std::string> PostgresServer::as_server_user(
    const std::vector<std::string>& argv) const {
  if (::geteuid() != 0) return argv;
  if (tree() == "/") return as_local_user(argv);
  std::vector<std::string> entering{find_program("unshare").native(),
                                    "--mount",
                                    "--propagation=private",
                                    "sh",
                                    "-ec",
                                    kEnterTree,
                                    "sh",
                                    tree().native(),
                                    directory_.path().native(),
                                    "/usr/bin/setpriv"};
  return changing_user(std::move(entering), server_user(), argv);
}

PostgresServer::PostgresServer(std::vector<std::string> settings)
    : programs_(find_server_programs()), port_(free_port()), settings_(std::move(settings)) {
  if (::geteuid() == 0) {
    const User user = server_user();
    if (::chown(directory_.path().c_str(), user.uid, user.gid) != 0) {
      throw std::runtime_error("chown failed");
    }
  }
  must_run(as_server_user({programs_ / "initdb", "-D", directory_ / "data", "-U", "holdfast",
                           "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"}));
  start();
}

void PostgresServer::write_file(const std::string& name, const std::string& content,
                                int mode) const {
  const std::filesystem::path file = directory_ / name;
  std::ofstream(file) << content;
  ::chmod(file.c_str(), static_cast<mode_t>(mode));
  if (::geteuid() != 0) return;
  const User user = server_user();
  if (::chown(file.c_str(), user.uid, user.gid) != 0) throw std::runtime_error("chown failed");
}

PostgresServer::~PostgresServer() {
  if (!server_) return;
  thaw();
  stop();
}

void PostgresServer::start() {
  std::vector<std::string> argv{programs_ / "postgres",
                                "-D",
                                directory_ / "data",
                                "-k",
                                directory_.path().native(),
                                "-h",
                                "127.0.0.1",
                                "-p",
                                port_};
  std::vector<std::string> settings{"shared_buffers=32MB", "max_connections=80",
                                    "deadlock_timeout=200ms"};
  settings.insert(settings.end(), settings_.begin(), settings_.end());
  for (std::string& setting : settings) {
    argv.emplace_back("-c");
    argv.push_back(std::move(setting));
  }
  server_.emplace(as_server_user(argv), std::map<std::string, std::string>{}, directory_ / "log");
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
