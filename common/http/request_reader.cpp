// SPDX-License-Identifier: Apache-2.0
#include "common/http/request_reader.hpp"

#include "common/http/content_coding.hpp"

#include <algorithm>

namespace holdfast::http {
namespace {

constexpr std::size_t kHeadRead = 2 << 10;
constexpr std::size_t kBodyRead = 32 << 10;
// A little of a bomb at a time: four megabytes of it, where text would be sixteen kilobytes.
constexpr std::size_t kGzipRead = 4 << 10;

// As reserve(), which however at least doubles what is there already.
void grow_to(std::string& text, std::uint64_t capacity) {
  std::string bigger;
  bigger.reserve(static_cast<std::size_t>(capacity));
  bigger += text;
  text.swap(bigger);
}

}  // namespace

RequestReader::RequestReader(const ServerLimits& limits, const Peer& peer,
                             std::shared_ptr<BodyBudget> budget)
    : limits_(limits),
      peer_(peer),
      budget_(std::move(budget)),
      scanner_(static_cast<std::size_t>(limits.max_header_bytes)) {}

std::span<char> RequestReader::prepare() {
  if (inflater_) {
    const std::span<char> room = buffer_.prepare(kGzipRead);
    return room.first(std::min(room.size(), kGzipRead));
  }
  const bool head = state_ == State::Head || state_ == State::ProxyHeader;
  return buffer_.prepare(head ? kHeadRead : kBodyRead);
}

const std::shared_ptr<Request>& RequestReader::request() {
  if (!request_) {
    counted_ = std::make_shared<Counted>(budget_);
    request_ = counted_;
    request_->peer = peer_;
  }
  return request_;
}

RequestReader::Step RequestReader::refuse(Refusal refusal) {
  refusal_ = std::move(refusal);
  inflater_.reset();
  keep_alive_ = false;
  state_ = State::Refused;
  return Step::Refused;
}

RequestReader::Step RequestReader::advance() {
  switch (state_) {
    case State::ProxyHeader: return advance_proxy_header();
    case State::Head: return advance_head();
    case State::LengthBody: return advance_length_body();
    case State::ChunkedBody: return advance_chunked_body();
    case State::Complete: return Step::Complete;
    case State::Refused: break;
  }
  return Step::Refused;
}

RequestReader::Step RequestReader::advance_proxy_header() {
  ProxyHeader header = parse_proxy_header(buffer_.view());
  switch (header.state) {
    case ProxyHeader::State::NeedMore: return Step::NeedMore;
    case ProxyHeader::State::Malformed: break;
    case ProxyHeader::State::Complete:
      buffer_.consume(header.size);
      named_peer_ = std::move(header.client);
      state_ = State::Head;
      return Step::PeerNamed;
  }
  state_ = State::Refused;
  return Step::NoProxyHeader;
}

RequestReader::Step RequestReader::advance_head() {
  const std::string_view bytes = buffer_.view();
  switch (scanner_.scan(bytes)) {
    case HeadScanner::State::NeedMore: return Step::NeedMore;
    case HeadScanner::State::Refused: return refuse(scanner_.refusal());
    case HeadScanner::State::Complete: break;
  }
  Request& head = *request();
  const auto text = bytes.substr(scanner_.begin(), scanner_.end() - scanner_.begin());
  if (auto refusal = parser_.parse_head(text, head)) return refuse(std::move(*refusal));
  if (auto refusal = check_head(head, parser_.version_minor(), plan_)) {
    return refuse(std::move(*refusal));
  }
  buffer_.consume(scanner_.end());
  // An HTTP/1.0 connection carries one request.
  keep_alive_ = parser_.version_minor() == 1 && parser_.keep_alive();
  if (!plan_.chunked && plan_.length == 0) {
    state_ = State::Complete;
    return Step::Complete;
  }
  const std::uint64_t body_limit =
      limits_.body_limit ? limits_.body_limit(head) : limits_.max_body_bytes;
  if (plan_.length > body_limit) return refuse({413, "The request body is too large."});
  if (plan_.chunked) chunks_.emplace(body_limit, limits_.max_header_bytes);
  if (limits_.gzip_bodies && body_coding(head.headers) == BodyCoding::Gzip) {
    inflater_.emplace(body_limit);
  }
  state_ = plan_.chunked ? State::ChunkedBody : State::LengthBody;
  return Step::HeadAccepted;
}

RequestReader::Step RequestReader::advance_length_body() {
  const std::uint64_t missing = plan_.length - received_;
  const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(missing, buffer_.size()));
  std::string& body = request_->body;
  // Memory grows with what is received, up to what was announced.
  if (!inflater_ && body.capacity() - body.size() < take) {
    grow_to(body, std::min<std::uint64_t>(plan_.length,
                                          std::max(2 * body.capacity(), body.size() + take)));
  }
  const bool taken = take_body(buffer_.view().substr(0, take));
  buffer_.consume(take);
  if (!taken) return refuse(std::move(refusal_));
  return take < missing ? Step::NeedMore : body_complete();
}

RequestReader::Step RequestReader::advance_chunked_body() {
  if (!inflater_) {
    const std::size_t before = request_->body.size();
    auto fed = chunks_->feed(buffer_.view(), request_->body);
    buffer_.consume(fed.consumed);
    received_ += request_->body.size() - before;
    if (fed.refusal) return refuse(std::move(*fed.refusal));
    if (!fits()) return refuse(std::move(refusal_));
    return fed.done ? body_complete() : Step::NeedMore;
  }
  std::string piece;
  auto fed = chunks_->feed(buffer_.view(), piece);
  buffer_.consume(fed.consumed);
  if (fed.refusal) return refuse(std::move(*fed.refusal));
  if (!take_body(piece)) return refuse(std::move(refusal_));
  return fed.done ? body_complete() : Step::NeedMore;
}

RequestReader::Step RequestReader::body_complete() {
  if (inflater_) {
    if (auto refusal = inflater_->finish()) return refuse(std::move(*refusal));
    inflater_.reset();
    // From here on it is what was sent, and nobody unfolds it again.
    request_->headers.remove("Content-Encoding");
    if (!fits()) return refuse(std::move(refusal_));
  }
  chunks_.reset();
  state_ = State::Complete;
  return Step::Complete;
}

bool RequestReader::take_body(std::string_view bytes) {
  received_ += bytes.size();
  if (inflater_) return inflate(bytes);
  request_->body.append(bytes);
  return fits();
}

bool RequestReader::inflate(std::string_view bytes) {
  bool more = false;
  while (!bytes.empty() || more) {
    auto fed = inflater_->feed(bytes, request_->body);
    bytes.remove_prefix(fed.consumed);
    more = fed.more;
    if (fed.refusal) {
      refusal_ = std::move(*fed.refusal);
      return false;
    }
    if (!fits()) return false;
  }
  return true;
}

bool RequestReader::fits() {
  const std::string& body = request_->body;
  // A longer one counts with the room that it was given to grow.
  const bool is_allocated = body.size() > std::string().capacity();
  const BodyBudget::Verdict verdict = counted_->share.set(
      (is_allocated ? body.capacity() : body.size()) + (inflater_ ? Inflater::kMemory : 0));
  if (verdict == BodyBudget::Verdict::Fits) return true;
  std::string().swap(request_->body);
  counted_->share.set(0);
  refusal_ = {503, verdict == BodyBudget::Verdict::Full
                       ? "The server is holding too many request bodies. Try again."
                       : "The server is holding too many request bodies of yours. Try again."};
  return false;
}

void RequestReader::body_belongs_to(std::string client) {
  counted_->share.belongs_to(std::move(client));
}

bool RequestReader::discard_body() {
  // Of a client that waits for "100 Continue" nobody knows whether it will send the body.
  const bool waits = plan_.expects_continue && buffer_.empty();
  bool whole = false;
  if (state_ == State::LengthBody && buffer_.size() >= plan_.length) {
    buffer_.consume(static_cast<std::size_t>(plan_.length));
    whole = true;
  } else if (state_ == State::ChunkedBody && !waits) {
    std::string ignored;
    const auto fed = chunks_->feed(buffer_.view(), ignored);
    buffer_.consume(fed.consumed);
    whole = fed.done && !fed.refusal;
  }
  chunks_.reset();
  inflater_.reset();
  state_ = whole ? State::Complete : State::Refused;
  if (!whole) keep_alive_ = false;
  return whole;
}

bool RequestReader::take_continue() {
  // A client that has begun to send the body does not wait (RFC 9110, 10.1.1).
  return std::exchange(plan_.expects_continue, false) && buffer_.empty();
}

void RequestReader::start_next() {
  request_.reset();
  counted_.reset();
  scanner_.reset();
  plan_ = {};
  received_ = 0;
  keep_alive_ = false;
  state_ = State::Head;
  buffer_.shrink_if_empty();
}

}  // namespace holdfast::http
