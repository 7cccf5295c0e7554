// SPDX-License-Identifier: Apache-2.0
#pragma once

// RequestReader: bytes in, requests out, one after the other. Bytes after a request are kept for
// the next one (pipelining). Enforces the protocol's rules and all size limits, but no timeouts. No
// I/O; one thread at a time.

#include "common/http/beast_parser.hpp"
#include "common/http/body_budget.hpp"
#include "common/http/chunk_decoder.hpp"
#include "common/http/head_rules.hpp"
#include "common/http/head_scanner.hpp"
#include "common/http/inflater.hpp"
#include "common/http/proxy_header.hpp"
#include "common/http/read_buffer.hpp"
#include "common/http/server_limits.hpp"

#include <memory>
#include <optional>
#include <span>

namespace holdfast::http {

class RequestReader {
 public:
  enum class Step {
    NeedMore,       // read into prepare(), commit(), advance() again
    PeerNamed,      // named_peer() says for whom the connection is; advance() again
    NoProxyHeader,  // the connection began with something else; nothing more can be read
    HeadAccepted,   // once per request with a body; advance() again
    Complete,       // request() is complete; start_next() afterwards
    Refused,        // refusal() says why; nothing more can be read from this peer
  };

  // All outlive the reader. Without a budget, a body is bounded by its own limit alone.
  RequestReader(const ServerLimits& limits, const Peer& peer,
                std::shared_ptr<BodyBudget> budget = nullptr);

  // A PROXY protocol header comes before the first request. Before anything is read.
  void expect_proxy_header() { state_ = State::ProxyHeader; }
  bool awaits_proxy_header() const { return state_ == State::ProxyHeader; }
  // After PeerNamed. Unset: the proxy speaks for itself.
  const std::optional<Peer>& named_peer() const { return named_peer_; }

  std::span<char> prepare();
  void commit(std::size_t count) { buffer_.commit(count); }
  Step advance();

  // No byte of the next request has arrived.
  bool idle() const {
    return (state_ == State::Head || state_ == State::ProxyHeader) && buffer_.empty();
  }
  bool has_unused_bytes() const { return !buffer_.empty(); }

  // Never null; after a refusal it holds what could be parsed. Its body counts in the budget until
  // the last reference to the request is gone.
  const std::shared_ptr<Request>& request();
  const Refusal& refusal() const { return refusal_; }
  bool keep_alive() const { return keep_alive_; }

  // Whose share of the budget the body takes. After HeadAccepted.
  void body_belongs_to(std::string client);
  // After HeadAccepted: gives the body up. True if all of it is here already, so that the next
  // request can be read; false: nothing more can be read from this peer.
  bool discard_body();

  // Of the accepted head: whether the client waits for "100 Continue" (true once only), and how
  // much of the body has been received, as it was sent.
  bool take_continue();
  std::uint64_t body_bytes() const { return received_; }

  void start_next();

 private:
  enum class State { ProxyHeader, Head, LengthBody, ChunkedBody, Complete, Refused };

  Step advance_proxy_header();
  Step advance_head();
  Step advance_length_body();
  Step advance_chunked_body();
  Step body_complete();
  bool take_body(std::string_view bytes);  // false: refusal_ says why
  bool inflate(std::string_view bytes);    // the same
  bool fits();                             // whether the body received so far fits into the budget
  Step refuse(Refusal refusal);

  // A request and its share of the budget, released together.
  struct Counted : Request {
    explicit Counted(std::shared_ptr<BodyBudget> budget) : share(std::move(budget)) {}
    BodyShare share;
  };

  const ServerLimits& limits_;
  const Peer& peer_;
  const std::shared_ptr<BodyBudget> budget_;
  ReadBuffer buffer_;
  HeadScanner scanner_;
  RequestParser parser_;
  State state_ = State::Head;
  std::optional<Peer> named_peer_;
  std::shared_ptr<Request>
      request_;  // points into counted_; made once a head is complete: idle connections have none
  std::shared_ptr<Counted> counted_;
  BodyPlan plan_;
  std::optional<ChunkDecoder> chunks_;
  std::optional<Inflater> inflater_;  // of a body in gzip
  std::uint64_t received_ = 0;
  bool keep_alive_ = false;
  Refusal refusal_;
};

}  // namespace holdfast::http
