// SPDX-License-Identifier: Apache-2.0
#pragma once

// ServerState: what the connections of one server share. Owned by the server and by each of its
// connections, since a closed connection's last handlers may run after the server is gone.
// Threads: the one that runs the io_context.

#include "common/http/body_budget.hpp"
#include "common/http/handler.hpp"
#include "common/http/server_limits.hpp"
#include "common/http/server_stats.hpp"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace holdfast::http {

class ServerConnection;

class ServerState {
 public:
  ServerState(boost::asio::io_context& context, ServerLimits given_limits, Handler handle,
              RefusalHandler refusal_handler, Gate gate_of_bodies);

  boost::asio::io_context& io;
  const ServerLimits limits;
  const Handler handler;
  const Gate gate;  // may be empty
  ServerStats stats;
  // Shared with the requests: what one of them caused may outlive the server.
  const std::shared_ptr<BodyBudget> bodies = std::make_shared<BodyBudget>(limits.body_memory);

  // The response to a refused request. Never throws; a 503 always has Retry-After.
  Response refuse(const Request& request, const Refusal& refusal) const;

  // Why a new connection of this client must be refused; nothing if it is admitted. May close
  // another one for it (ServerLimits::make_room).
  std::optional<Refusal> admission(const std::string& client);
  // The same, if the connection is counted already, but not yet as this client's.
  std::optional<Refusal> admission_of_client(const std::string& client);
  // Counts a connection that was added without a client as this one's.
  void attribute(const std::string& client);
  // Whether another refused connection gets a response. If not, it is closed without one.
  bool can_send_refusal() const;

  // See Server::hold(). Of the client's own connections, one that has not read for a while is
  // closed if that makes room.
  bool hold(Response& response, const std::string& client);

  // `counted`: whether it counts against the limits; connections that are being refused do not.
  void add(ServerConnection& connection, const std::string& client, bool counted);
  void remove(ServerConnection& connection, const std::string& client, bool counted);
  void uncount(const std::string& client);  // it gives up its place, and will be removed

  bool draining() const { return draining_; }
  void drain(std::function<void()> done);
  void abort_all();

  const std::string& date();  // for the Date header, formatted once a second

 private:
  void post_drained();
  Refusal refused(std::string_view why);
  std::size_t most_connections() const;
  std::uint32_t connections_of(const std::string& client) const;
  enum class Among { All, OwnConnections };
  bool take_place_of_another(const std::string& client, Among among);
  bool close_stalled(const std::string& client);

  const RefusalHandler refuse_;
  std::vector<ServerConnection*> connections_;
  std::size_t look_from_ = 0;  // where the next search for one to close begins
  std::size_t counted_ = 0;
  std::unordered_map<std::string, std::uint32_t> per_client_;
  bool draining_ = false;
  std::vector<std::function<void()>> drained_;
  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace holdfast::http
