// SPDX-License-Identifier: Apache-2.0
#include "common/http/server_state.hpp"

#include "common/http/response_writer.hpp"
#include "common/http/server_connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <tuple>

namespace holdfast::http {
namespace {

// How many connections are looked at for one that may be closed.
constexpr std::size_t kLookedAt = 256;
constexpr std::size_t kMostLookedAt = 1024;  // if there is none among the first

// A client that has taken nothing for this long does not read, and is not merely slow.
constexpr Duration kStalled = std::chrono::seconds(2);

constexpr std::string_view kRetryAfterSeconds = "1";

}  // namespace

ServerState::ServerState(boost::asio::io_context& context, ServerLimits given_limits,
                         Handler handle, RefusalHandler refusal_handler, Gate gate_of_bodies)
    : io(context),
      limits(std::move(given_limits)),
      handler(std::move(handle)),
      gate(std::move(gate_of_bodies)),
      refuse_(std::move(refusal_handler)) {}

Response ServerState::refuse(const Request& request, const Refusal& refusal) const {
  Response response;
  try {
    response =
        refuse_ ? refuse_(request, refusal) : Response::text(refusal.status, refusal.detail + "\n");
  } catch (const std::exception&) {
    response = Response::text(refusal.status, std::string(reason_phrase(refusal.status)) + "\n");
  }
  if (response.status == 503 && response.headers.find("Retry-After") == nullptr) {
    response.headers.add("Retry-After", kRetryAfterSeconds);
  }
  return response;
}

std::size_t ServerState::most_connections() const {
  const std::size_t most = limits.max_connections;
  return limits.room ? std::min(most, limits.room()) : most;
}

std::uint32_t ServerState::connections_of(const std::string& client) const {
  const auto found = per_client_.find(client);
  return found == per_client_.end() ? 0 : found->second;
}

Refusal ServerState::refused(std::string_view why) {
  ++stats.connections_refused;
  return {503, std::string(why)};
}

std::optional<Refusal> ServerState::admission(const std::string& client) {
  const auto full = [&] { return counted_ >= most_connections(); };
  // More than one: `room` may have become smaller.
  while (full() && take_place_of_another(client, Among::All)) {
  }
  if (full()) return refused("This server has too many connections.");
  return admission_of_client(client);
}

std::optional<Refusal> ServerState::admission_of_client(const std::string& client) {
  if (client.empty() || connections_of(client) < limits.max_connections_per_client)
    return std::nullopt;
  if (take_place_of_another(client, Among::OwnConnections)) return std::nullopt;
  return refused("This client has too many connections.");
}

// For a new connection of `client`. Of many connections only some are looked at, others each time:
// a flood of new ones must not cost a walk through all of them for each.
bool ServerState::take_place_of_another(const std::string& client, Among among) {
  if (!limits.make_room) return false;
  using Rank = ServerConnection::Spare;
  ServerConnection* chosen = nullptr;
  std::tuple<Rank, std::int64_t, MonoTime> least;  // the lowest is closed
  const MonoTime now = MonoTime::clock::now();
  const std::size_t most = std::min(connections_.size(), kMostLookedAt);
  for (std::size_t looked = 0; looked < most; ++looked) {
    if (chosen != nullptr && looked >= kLookedAt) break;
    if (look_from_ >= connections_.size()) look_from_ = 0;
    ServerConnection* const connection = connections_[look_from_++];
    if (!connection->counted()) continue;
    const bool own = connection->client() == client;
    if (among == Among::OwnConnections && !own) continue;
    const Rank rank = connection->spare(now);
    if (rank == Rank::Needed) continue;
    const std::int64_t held = connections_of(connection->client());
    // What is being worked on is taken from nobody who would then have less than the new one.
    if (rank == Rank::Handled && !own && held <= connections_of(client) + 1) continue;
    const std::tuple place(rank, -held, connection->phase_began());
    if (chosen != nullptr && place >= least) continue;
    chosen = connection;
    least = place;
  }
  if (chosen == nullptr) return false;
  ++stats.connections_evicted;
  chosen->give_place();
  return true;
}

bool ServerState::hold(Response& response, const std::string& client) {
  if (response.held || response.body.size() < kCountedBody) return true;
  const auto share = std::make_shared<BodyShare>(bodies);
  share->belongs_to(client);
  // One that is larger than all memory for bodies is sent if there is no other.
  const auto bytes = std::min<std::uint64_t>(response.body.capacity(), limits.body_memory);
  while (share->set(bytes) != BodyBudget::Verdict::Fits) {
    if (!close_stalled(client)) return false;
  }
  response.held = share;
  return true;
}

bool ServerState::close_stalled(const std::string& client) {
  if (!limits.make_room) return false;
  ServerConnection* chosen = nullptr;
  MonoTime before = MonoTime::clock::now() - kStalled;
  const std::size_t most = std::min(connections_.size(), kMostLookedAt);
  for (std::size_t looked = 0; looked < most; ++looked) {
    if (look_from_ >= connections_.size()) look_from_ = 0;
    ServerConnection* const connection = connections_[look_from_++];
    const auto since = connection->unread_since(client);
    if (!since || *since > before) continue;
    chosen = connection;
    before = *since;
  }
  if (chosen == nullptr) return false;
  ++stats.connections_evicted;
  chosen->drop_answer();
  return true;
}

void ServerState::uncount(const std::string& client) {
  --counted_;
  const auto found = per_client_.find(client);
  if (found != per_client_.end() && --found->second == 0) per_client_.erase(found);
}

void ServerState::attribute(const std::string& client) {
  if (!client.empty()) ++per_client_[client];
}

bool ServerState::can_send_refusal() const {
  return connections_.size() - counted_ < limits.max_refusing;
}

void ServerState::add(ServerConnection& connection, const std::string& client, bool counted) {
  connection.set_place(connections_.size());
  connections_.push_back(&connection);
  stats.connections_open = connections_.size();
  ++stats.connections_total;
  if (!counted) return;
  ++counted_;
  attribute(client);
}

void ServerState::remove(ServerConnection& connection, const std::string& client, bool counted) {
  connections_[connection.place()] = connections_.back();
  connections_[connection.place()]->set_place(connection.place());
  connections_.pop_back();
  stats.connections_open = connections_.size();
  if (counted) uncount(client);
  if (draining_ && connections_.empty()) post_drained();
}

void ServerState::drain(std::function<void()> done) {
  if (done) drained_.push_back(std::move(done));
  draining_ = true;
  const std::vector<ServerConnection*> now = connections_;
  for (ServerConnection* connection : now)
    connection->drain();
  if (connections_.empty()) post_drained();
}

void ServerState::post_drained() {
  // Posted, because `done` may destroy the server, and the caller may be one of its connections.
  for (auto& done : std::exchange(drained_, {}))
    boost::asio::post(io, std::move(done));
}

void ServerState::abort_all() {
  drained_.clear();
  const std::vector<ServerConnection*> now = connections_;
  for (ServerConnection* connection : now)
    connection->abort();
}

const std::string& ServerState::date() {
  const WallTime now = WallTime::clock::now();
  const auto second =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(now);
  }
  return date_;
}

}  // namespace holdfast::http
