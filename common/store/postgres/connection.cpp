// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/connection.hpp"

#include "common/store/now.hpp"
#include "common/text/number.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace holdfast::store::postgres {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// What the server is given beyond the statement's own limit before its silence counts as its end.
constexpr Duration kGrace = 1s;
// A client that was stopped in the middle of a transaction must not hold its locks for ever.
constexpr Duration kIdleInTransaction = 30s;

// How often a server must fail to answer anybody before a statement without a limit is given up.
constexpr int kSilences = 3;

// The limits, and what a server, database, role or URL may have set otherwise than the statements
// are written for. An answer means that the server has synced: stricter than that it may stay.
// Locks are waited for as long as a statement may take. Compiling costs more than any statement
// saves.
#define HOLDFAST_SETTINGS(local)                                                           \
  "SELECT set_config('statement_timeout', $1, " local                                      \
  "), set_config('idle_in_transaction_session_timeout', $2, " local                        \
  "), set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN" \
  " ('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, " local     \
  "), set_config('lock_timeout', '0', " local "), set_config('jit', 'off', " local ")"
constexpr std::string_view kLimits = HOLDFAST_SETTINGS("true");
constexpr std::string_view kSessionLimits = HOLDFAST_SETTINGS(
    "false") ", set_config('default_transaction_isolation', 'read committed', false)";
#undef HOLDFAST_SETTINGS
// Of the transaction that one exchange is.
constexpr std::string_view kIsolation = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";
// The server looks whether its client is still there while it runs a long statement.
constexpr std::string_view kWatchClient =
    "SELECT set_config('client_connection_check_interval', '2s', false)";
constexpr int kWatchesClients = 140000;
constexpr int kOldest = 130000;  // xid8, pg_current_xact_id()

// Of one wait, in milliseconds for poll(2); -1 means no limit.
int poll_time(steady_clock::time_point deadline) {
  if (deadline == steady_clock::time_point::max()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

ServerError server_error(const PGresult* result) {
  const auto field = [&](int code) {
    const char* const value = libpq().PQresultErrorField(result, code);
    return std::string(value == nullptr ? "" : value);
  };
  return {field(PG_DIAG_SQLSTATE), field(PG_DIAG_MESSAGE_PRIMARY), field(PG_DIAG_MESSAGE_DETAIL),
          field(PG_DIAG_CONSTRAINT_NAME)};
}

void ignore_notice(void*, const PGresult*) {}

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { libpq().PQconninfoFree(options); }
};

// " at 10.0.0.7, port 5432", as far as it is known.
std::string place_of(const PGconn* connection) {
  const char* const address = libpq().PQhostaddr(connection);
  const char* const host = libpq().PQhost(connection);
  const char* const shown = address != nullptr && *address != 0 ? address : host;
  if (shown == nullptr || *shown == 0) return "";
  return fmt::format(" at {}, port {}", shown, libpq().PQport(connection));
}

// What each server said, of which there is at least one. It takes something else than waiting only
// if it does so at all of them.
Error joined(const std::vector<Error>& errors, std::string_view shown) {
  Error all = errors.front();
  const std::string prefix = connection_error("", shown).message;
  for (std::size_t i = 1; i < errors.size(); ++i) {
    const std::string_view message = errors[i].message;
    const bool repeats = message.starts_with(prefix);
    all.message += "; ";
    all.message += repeats ? message.substr(prefix.size()) : message;
    if (errors[i].kind != all.kind) all.kind = ErrorKind::Unavailable;
  }
  return all;
}

}  // namespace

Result<Endpoint> make_endpoint(const std::string& url, Duration statement_timeout,
                               Duration connect_timeout) {
  HOLDFAST_TRY(load_libpq());
  char* reason = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      libpq().PQconninfoParse(url.c_str(), &reason));
  libpq().PQfreemem(reason);  // it may quote the password
  if (!options) {
    return fail(ErrorKind::InvalidArgument,
                "the store's URL is not one that libpq understands: write "
                "postgresql://user@host:5432/database?sslmode=verify-full, with what is special in "
                "a user or password percent-encoded");
  }
  const auto option = [&](std::string_view name) -> std::string {
    for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o) {
      if (name == o->keyword && o->val != nullptr) return o->val;
    }
    return {};
  };
  Endpoint endpoint;
  endpoint.url = url;
  endpoint.statement_timeout = statement_timeout;
  endpoint.connect_timeout = connect_timeout;
  const std::string host = option("host").empty() ? option("hostaddr") : option("host");
  endpoint.shown = "postgresql " + (host.empty() ? "local" : host);
  if (const std::string port = option("port"); !port.empty()) endpoint.shown += ":" + port;
  if (const std::string name = option("dbname"); !name.empty()) endpoint.shown += "/" + name;
  if (const std::string name = option("service"); !name.empty()) {
    endpoint.shown += " (service " + name + ")";
  }
  return endpoint;
}

PgConnection::PgConnection(const Endpoint& endpoint, const Cutoff& cutoff, const Attempt& attempt)
    : endpoint_(endpoint),
      cutoff_(cutoff),
      connection_(
          begin_to_connect(endpoint.url, attempt, std::to_string(to_ms(endpoint.connect_timeout)))),
      statement_timeout_(endpoint.statement_timeout) {}

PgConnection::~PgConnection() = default;

PgConnection::Opened PgConnection::open(const Endpoint& endpoint, const Cutoff& cutoff) {
  const auto refuse = [](Error error, bool lacks_place = false) {
    return tl::unexpected(ConnectError{std::move(error), lacks_place});
  };
  if (cutoff.passed()) {
    return refuse(
        connection_error("this process is ending, and waits for no server", endpoint.shown));
  }
  Servers& servers = *endpoint.servers;
  std::vector<Server> silent;
  std::vector<Error> errors;
  bool lacks_place = false;
  for (const Attempt& attempt : servers.attempts(endpoint.url, steady_clock::now())) {
    // A second round asks nobody again who has just been silent.
    if (std::find(silent.begin(), silent.end(), attempt.server) != silent.end()) continue;
    if (!attempt.unresolved.empty()) {
      errors.push_back(connection_error(attempt.unresolved, endpoint.shown));
      continue;
    }
    std::unique_ptr<PgConnection> connection(new PgConnection(endpoint, cutoff, attempt));
    if (!connection->connection_) {
      return refuse(Error{ErrorKind::ResourceExhausted, "out of memory", 0});
    }
    Result<void> opened = connection->connect(attempt.servers * endpoint.connect_timeout);
    if (opened) opened = connection->set_up();
    if (opened) {
      servers.note_connected(attempt.server);
      return connection;
    }
    errors.push_back(std::move(opened).error());
    lacks_place = lacks_place || postgres::lacks_place(connection->refused_with_);
    // As in libpq: who turns this role away has answered for all.
    if (cutoff.passed() || errors.back().kind == ErrorKind::PermissionDenied) break;
    if (connection->timed_out_) {
      servers.note_silence(attempt.server, steady_clock::now());
      silent.push_back(attempt.server);
    }
  }
  return refuse(joined(errors, endpoint.shown), lacks_place);
}

Result<void> PgConnection::connect(Duration limit) {
  PGconn* const connection = connection_.get();
  libpq().PQsetNoticeReceiver(connection, ignore_notice, nullptr);
  libpq().PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  const auto deadline = steady_clock::now() + limit;
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  while (libpq().PQstatus(connection) != CONNECTION_BAD) {
    if (!wait_until_ready(step == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
      timed_out_ = true;
      return fail(connection_error(
          "the server" + place_of(connection) + " did not answer within store.connect_timeout",
          endpoint_.shown));
    }
    step = libpq().PQconnectPoll(connection);
    if (step == PGRES_POLLING_OK) {
      libpq().PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
      return {};
    }
    if (step == PGRES_POLLING_FAILED) break;
  }
  Refused refused = read_refusal(libpq().PQerrorMessage(connection));
  refused_with_ = std::move(refused.state);
  Error error = connection_error(refused.reason, endpoint_.shown);
  // Poolers have codes of their own.
  if (error.message.find("password") != std::string::npos ||
      error.message.find("pg_hba.conf") != std::string::npos) {
    error.kind = ErrorKind::PermissionDenied;
  }
  return fail(std::move(error));
}

Result<void> PgConnection::set_up() {
  PGconn* const connection = connection_.get();
  server_version_ = libpq().PQserverVersion(connection);
  if (server_version_ < kOldest) {
    return fail(ErrorKind::Unavailable,
                fmt::format("database '{}': the server is PostgreSQL {}: 13 is the oldest that "
                            "Holdfast works with",
                            endpoint_.shown, server_version_ / 10000));
  }
  if (libpq().PQsetnonblocking(connection, 1) != 0 ||
      libpq().PQenterPipelineMode(connection) != 1) {
    return fail(connection_error(libpq().PQerrorMessage(connection), endpoint_.shown));
  }
  pooled_ = true;  // until the server's own process id says otherwise: prepare nothing before
  const auto pid = exchange(Statement("SELECT pg_backend_pid()"));
  if (!pid) return fail(pid.error().error);
  pooled_ = pid->integer(0, 0) != libpq().PQbackendPID(connection);
  if (pooled_) return {};
  std::vector<Statement> settings;
  settings.push_back(
      Statement(kSessionLimits).bind(limit_ms(statement_timeout_), limit_ms(kIdleInTransaction)));
  if (server_version_ >= kWatchesClients) settings.emplace_back(kWatchClient);
  const auto set = exchange(settings);
  if (!set) return fail(set.error().error);
  return {};
}

Result<void> PgConnection::lift_statement_timeout() {
  statement_timeout_ = Duration{};
  if (pooled_) return {};  // told to each transaction
  return run_script("SET statement_timeout = 0");
}

std::string PgConnection::limit_ms(Duration limit) const {
  return std::to_string(to_ms(limit));
}

std::vector<Statement> PgConnection::begin(std::string_view kind) const {
  std::vector<Statement> statements;
  statements.emplace_back(kind);
  if (pooled_ || statement_timeout_ != endpoint_.statement_timeout) {
    statements.push_back(
        Statement(kLimits).bind(limit_ms(statement_timeout_), limit_ms(kIdleInTransaction)));
  }
  return statements;
}

bool PgConnection::in_transaction() const {
  const PGTransactionStatusType status = libpq().PQtransactionStatus(connection_.get());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

Exchanged<Rows> PgConnection::exchange(const Statement& statement, Within within) {
  auto results = exchange(std::span(&statement, 1), within);
  if (!results) return tl::unexpected(std::move(results).error());
  return std::move(results->front());
}

Exchanged<Results> PgConnection::exchange(std::span<const Statement> statements, Within within) {
  if (broken_) return tl::unexpected(lost("the connection is closed"));
  std::vector<Step> steps;
  const Statement limits =
      Statement(kLimits).bind(limit_ms(statement_timeout_), limit_ms(kIdleInTransaction));
  const bool needs_limits = pooled_ && within == Within::Alone;
  const Statement isolation(kIsolation);
  const bool queued = (!needs_limits || (queue(isolation, steps) && queue(limits, steps))) &&
                      send_all(statements, steps);
  if (!queued) return tl::unexpected(lost("out of memory"));
  const bool unlimited = statement_timeout_ == Duration{};
  const auto deadline = unlimited ? steady_clock::time_point::max()
                                  : steady_clock::now() + kGrace +
                                        (statements.size() > 1 ? 2 : 1) * statement_timeout_;
  auto results = receive(steps, deadline);
  if (results && needs_limits) results->erase(results->begin(), results->begin() + 2);
  return results;
}

Result<void> PgConnection::run_script(const char* sql) {
  PGconn* const connection = connection_.get();
  if (broken_ || libpq().PQexitPipelineMode(connection) != 1 ||
      libpq().PQsendQuery(connection, sql) != 1) {
    return fail(lost("the connection is closed").error);
  }
  const bool unlimited = statement_timeout_ == Duration{};
  const auto deadline = unlimited ? steady_clock::time_point::max()
                                  : steady_clock::now() + statement_timeout_ + kGrace;
  Result<void> outcome;
  for (;;) {
    const Rows rows(next_result(deadline));
    if (broken_) return fail(lost("the server closed the connection").error);
    if (rows.raw() == nullptr) break;
    if (libpq().PQresultStatus(rows.raw()) == PGRES_FATAL_ERROR && outcome) {
      outcome = fail(make_error(server_error(rows.raw()), endpoint_.shown));
    }
  }
  if (libpq().PQenterPipelineMode(connection) != 1)
    return fail(lost("the connection is closed").error);
  return outcome;
}

bool PgConnection::send_all(std::span<const Statement> statements, std::vector<Step>& steps) {
  for (const Statement& statement : statements) {
    if (!queue(statement, steps)) return false;
  }
  return libpq().PQpipelineSync(connection_.get()) == 1;
}

// False: out of memory, or the connection is gone.
bool PgConnection::queue(const Statement& statement, std::vector<Step>& steps) {
  PGconn* const connection = connection_.get();
  const Statement::Wire wire = statement.wire();
  const auto count = static_cast<int>(wire.values.size());
  if (pooled_) {
    steps.push_back({&statement, false, {}});
    return libpq().PQsendQueryParams(connection, statement.sql().data(), count, wire.types.data(),
                                     wire.values.data(), wire.lengths.data(), wire.formats.data(),
                                     1) == 1;
  }
  // Statements are literals: the address tells them apart for as long as the process lives.
  const std::string name = fmt::format(
      "s{:x}_{}", reinterpret_cast<std::uintptr_t>(statement.sql().data()), prepared_again_);
  const bool known =
      prepared_.contains(name) || std::any_of(steps.begin(), steps.end(), [&](const Step& earlier) {
        return earlier.prepares && earlier.name == name;
      });
  if (!known) {
    steps.push_back({&statement, true, name});
    if (libpq().PQsendPrepare(connection, name.c_str(), statement.sql().data(), count,
                              wire.types.data()) != 1) {
      return false;
    }
  }
  steps.push_back({&statement, false, name});
  return libpq().PQsendQueryPrepared(connection, name.c_str(), count, wire.values.data(),
                                     wire.lengths.data(), wire.formats.data(), 1) == 1;
}

Exchanged<Results> PgConnection::receive(const std::vector<Step>& steps, Deadline deadline) {
  Results results;
  std::optional<ExchangeError> failure;
  for (const Step& step : steps) {
    Rows rows(next_result(deadline));
    if (broken_) return tl::unexpected(lost("the server closed the connection"));
    const PGresult* const result = rows.raw();
    switch (libpq().PQresultStatus(result)) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
        if (step.prepares) {
          prepared_.insert(step.name);
        } else {
          results.push_back(std::move(rows));
        }
        break;
      case PGRES_PIPELINE_ABORTED: break;
      default: {
        const ServerError error = server_error(result);
        if (!failure) {
          failure = ExchangeError{make_error(error, endpoint_.shown), false,
                                  is_worth_repeating(error.state), false, error.state};
        }
        if (ends_session(error.state)) broken_ = true;
        if (unprepares(error.state)) {
          // The next use prepares it again, by another name: this one is taken.
          prepared_.clear();
          ++prepared_again_;
        }
        if (shows_shared_session(error.state)) pooled_ = true;
        break;
      }
    }
    if (broken_) {
      failure->lost = true;
      return tl::unexpected(std::move(*failure));
    }
    if (libpq().PQresultStatus(result) == PGRES_FATAL_ERROR &&
        libpq().PQstatus(connection_.get()) != CONNECTION_OK)
      return tl::unexpected(lost("the server closed the connection"));
    Rows end(next_result(deadline));  // the end of this statement
    if (broken_) return tl::unexpected(lost("the server closed the connection"));
  }
  Rows sync(next_result(deadline));
  if (broken_ || libpq().PQresultStatus(sync.raw()) != PGRES_PIPELINE_SYNC) {
    return tl::unexpected(lost("the server closed the connection"));
  }
  if (failure) return tl::unexpected(std::move(*failure));
  return results;
}

PGresult* PgConnection::next_result(Deadline deadline) {
  if (!wait_for_input(deadline)) {
    broken_ = true;
    return nullptr;
  }
  return libpq().PQgetResult(connection_.get());
}

// False: the time is over. An error of the socket shows when it is used.
bool PgConnection::wait_until_ready(short events, Deadline deadline) {
  for (;;) {
    const bool ends = cutoff_.is_set();
    const Deadline until = ends ? std::min(deadline, cutoff_.time()) : deadline;
    // Once the end of this process is set, that descriptor has nothing more to say.
    std::array<pollfd, 2> ready{pollfd{libpq().PQsocket(connection_.get()), events, 0},
                                pollfd{ends ? -1 : cutoff_.wake_fd(), POLLIN, 0}};
    const int time = poll_time(until);
    const int count = ::poll(ready.data(), ready.size(), time);
    if (ready[0].revents != 0 && count > 0) return true;
    if (count < 0 && errno != EINTR) return true;
    if (count == 0 && time >= 0 && steady_clock::now() >= until) return false;
  }
}

// False: nobody has got an answer from the server for long.
bool PgConnection::wait_patiently(short events) {
  for (int silences = 0; silences < kSilences; silences = server_answers() ? 0 : silences + 1) {
    if (wait_until_ready(events, steady_clock::now() + endpoint_.statement_timeout)) return true;
    if (cutoff_.passed()) return false;
  }
  return false;
}

// A refusal is an answer, too.
bool PgConnection::server_answers() const {
  // The one host that this is a connection to, where the URL names several.
  PGconn* const same = connection_.get();
  const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  Attempt attempt;
  attempt.server = {text(libpq().PQhost(same)), text(libpq().PQhostaddr(same)),
                    text(libpq().PQport(same))};
  PgConnection other(endpoint_, cutoff_, attempt);
  if (other.connection_ && other.connect(endpoint_.connect_timeout)) (void)other.set_up();
  return !other.timed_out_;
}

bool PgConnection::wait_for_input(Deadline deadline) {
  PGconn* const connection = connection_.get();
  for (;;) {
    const int unsent = libpq().PQflush(connection);
    if (unsent < 0) return false;
    // A result that has arrived in full needs no waiting, and none comes before all is sent.
    if (libpq().PQisBusy(connection) == 0) return libpq().PQstatus(connection) == CONNECTION_OK;
    const short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
    const bool unlimited = deadline == Deadline::max();
    if (unlimited ? !wait_patiently(events) : !wait_until_ready(events, deadline)) {
      timed_out_ = true;
      return false;
    }
    if (libpq().PQconsumeInput(connection) != 1) return false;
  }
}

ExchangeError PgConnection::lost(std::string_view fallback) {
  broken_ = true;
  std::string reason = libpq().PQerrorMessage(connection_.get());
  if (timed_out_) {
    const bool unlimited = statement_timeout_ == Duration{};
    reason = cutoff_.passed() ? "the server had not answered when this process had to end"
             : unlimited      ? "the server answers nobody any more"
                              : "the server did not answer within store.statement_timeout";
  }
  if (reason.empty()) reason = fallback;
  return {connection_error(reason, endpoint_.shown), true, false, timed_out_};
}

Result<PgConnection::Heard> PgConnection::listen(int wake, Duration limit) {
  PGconn* const connection = connection_.get();
  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    bool heard = false;
    while (PGnotify* const note = libpq().PQnotifies(connection)) {
      libpq().PQfreemem(note);
      heard = true;
    }
    if (heard) return Heard::Notification;
    const int time = poll_time(deadline);
    std::array<pollfd, 2> ready{pollfd{libpq().PQsocket(connection), POLLIN, 0},
                                pollfd{wake, POLLIN, 0}};
    const int count = ::poll(ready.data(), ready.size(), time);
    if (count < 0 && errno != EINTR) return fail_errno(errno, "poll");
    if (ready[1].revents != 0 && count > 0) return Heard::Woken;
    if (count == 0 && steady_clock::now() >= deadline) return Heard::Nothing;
    if (count > 0 && libpq().PQconsumeInput(connection) != 1)
      return fail(lost("the connection is closed").error);
  }
}

}  // namespace holdfast::store::postgres
