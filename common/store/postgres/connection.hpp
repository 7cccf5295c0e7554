// SPDX-License-Identifier: Apache-2.0
#pragma once

// PgConnection: one connection to a PostgreSQL server. libpq is driven without blocking: the socket
// is waited for with poll(2) until a deadline, so no call here takes longer than the time limits in
// Endpoint. Name resolution is the exception: the C library sets its own limits
// (resolv.conf(5)).
//
// A statement that takes too long is ended by the server, which was told the same limit; the
// connection stays usable. If the server is silent even then, the connection is given up, and a
// server that still runs the statement notices the closed socket within two seconds.
//
// A statement without a limit, as of a migration, lasts for as long as the server answers somebody:
// after every statement_timeout of silence it is asked on a connection of its own.
//
// Poolers: behind one that gives a server session to each transaction (pgbouncer and its like), a
// statement prepared once is not there the next time, and neither is a setting. Such a pooler is
// told by the key for cancelling, which it makes up: its process id is not the session's; or,
// should it pass that on, by a prepared statement that is missing or was there before. Then nothing
// is prepared, and limits and isolation are set in each transaction, in the same exchange.
//
// Threads: one at a time.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/store/postgres/cutoff.hpp"
#include "common/store/postgres/error.hpp"
#include "common/store/postgres/servers.hpp"
#include "common/store/postgres/values.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

namespace holdfast::store::postgres {

struct Endpoint {
  std::string url;    // for libpq; may hold a password
  std::string shown;  // for people: "postgresql db.internal:5432/holdfast"
  Duration statement_timeout{};
  Duration connect_timeout{};  // to each address of each host
  // What is known of them, shared by the copies of this.
  std::shared_ptr<Servers> servers = std::make_shared<Servers>();
};

// InvalidArgument if libpq cannot read the URL. The error repeats nothing of it.
Result<Endpoint> make_endpoint(const std::string& url, Duration statement_timeout,
                               Duration connect_timeout);

// The statements are written for this level, which a database, a role or a URL may have replaced
// as the default. That it takes no writes has to be noticed: that is left to the server.
constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL READ COMMITTED";
constexpr std::string_view kBeginReading = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";

// What the next exchange has to be part of.
enum class Within {
  Alone,        // a transaction of its own
  Transaction,  // one that begin() has opened
};

// Why an exchange failed, as far as its caller has to know it.
struct ExchangeError {
  Error error;
  bool lost = false;        // the connection is gone; what was sent may have been carried out
  bool repeatable = false;  // it lost against another transaction: run it again
  bool silent = false;      // lost because no answer came in time
  std::string state = {};   // SQLSTATE, if the server refused it
};

// Why a connection could not be made.
struct ConnectError : Error {
  bool lacks_place = false;  // a server has as many connections as it takes
};

using Results = std::vector<Rows>;
template <class T>
using Exchanged = tl::expected<T, ExchangeError>;

class PgConnection {
 public:
  // After `cutoff`, which outlives the connection, nothing is waited for.
  using Opened = tl::expected<std::unique_ptr<PgConnection>, ConnectError>;
  static Opened open(const Endpoint& endpoint, const Cutoff& cutoff);
  PgConnection(const PgConnection&) = delete;
  ~PgConnection();

  // Sends the statements together and waits for all results. The first error ends it: with
  // Within::Alone nothing has happened then, with Within::Transaction the transaction must be
  // rolled back. Each statement has the time limit to itself, several of them twice that together.
  Exchanged<Results> exchange(std::span<const Statement> statements, Within within = Within::Alone);
  Exchanged<Rows> exchange(const Statement& statement, Within within = Within::Alone);

  // Any number of statements in one text, without parameters, as part of a transaction.
  Result<void> run_script(const char* sql);

  // The statements that open a transaction with this connection's limits; more may follow in the
  // same exchange. `kind`: kBegin, or "BEGIN" with other modes.
  std::vector<Statement> begin(std::string_view kind) const;

  bool broken() const { return broken_; }
  bool is_pooled() const { return pooled_; }
  bool in_transaction() const;
  int server_version() const { return server_version_; }  // 150018
  const Endpoint& endpoint() const { return endpoint_; }

  // From now on a statement may take as long as it needs, if the server is alive.
  Result<void> lift_statement_timeout();

  // Waits for a notification, or for `wake` to become readable, or until `limit` has passed.
  enum class Heard { Notification, Woken, Nothing };
  Result<Heard> listen(int wake, Duration limit);

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Finish {
    void operator()(PGconn* connection) const { libpq().PQfinish(connection); }
  };
  struct Step {
    const Statement* statement = nullptr;
    bool prepares = false;  // the result is of Parse, not of the statement
    std::string name;
  };

  PgConnection(const Endpoint& endpoint, const Cutoff& cutoff, const Attempt& attempt);
  Result<void> connect(Duration limit);
  Result<void> set_up();
  bool queue(const Statement& statement, std::vector<Step>& steps);
  bool send_all(std::span<const Statement> statements, std::vector<Step>& steps);
  Exchanged<Results> receive(const std::vector<Step>& steps, Deadline deadline);
  PGresult* next_result(Deadline deadline);  // null: the end of one, or lost (broken_)
  bool wait_for_input(Deadline deadline);
  bool wait_patiently(short events);
  bool server_answers() const;
  bool wait_until_ready(short events, Deadline deadline);
  ExchangeError lost(std::string_view fallback);
  std::string limit_ms(Duration limit) const;

  const Endpoint endpoint_;
  const Cutoff& cutoff_;
  std::unique_ptr<PGconn, Finish> connection_;
  Duration statement_timeout_;
  std::unordered_set<std::string> prepared_;  // names
  std::uint32_t prepared_again_ = 0;          // how often all of them had to be
  bool broken_ = false;
  bool timed_out_ = false;
  bool pooled_ = false;
  std::string refused_with_;  // SQLSTATE
  int server_version_ = 0;
};

}  // namespace holdfast::store::postgres
