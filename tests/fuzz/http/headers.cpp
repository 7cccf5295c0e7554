// SPDX-License-Identifier: Apache-2.0
// The fields that middleware read: each line of the input is "Name: value". What they make of them
// is safe to log, to compare and to send back.
#include "api-worker/edge/entity_tag.hpp"
#include "api-worker/edge/idempotency_key.hpp"
#include "api-worker/edge/trace_context.hpp"
#include "api-worker/middleware/client_address.hpp"
#include "api-worker/middleware/request_id.hpp"
#include "common/http/content_coding.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace holdfast;
using namespace holdfast::api;
using fuzz::require;

namespace {

const std::vector<net::Network>& trusted() {
  static const auto networks = parse_networks({"10.0.0.0/8", "fd00::/8", "::1"});
  return *networks;
}

void check_client(const http::Headers& headers) {
  const http::Peer strangers{"192.0.2.1", 1, false};
  require(find_client(strangers, headers, trusted()).address == strangers.address,
          "a stranger cannot speak for others");
  for (const http::Peer& peer : {http::Peer{"10.0.0.1", 1, false}, http::Peer{"", 0, true}}) {
    const Client client = find_client(peer, headers, trusted());
    const bool unix_peer = peer.unix_socket && client.address == "unix";
    const auto address = net::IpAddress::parse(client.address);
    require(unix_peer || address.has_value(), "a client is an address");
    require(unix_peer || address->to_string() == client.address, "and a canonical one");
  }
}

void check_ids(const http::Headers& headers) {
  Context context;
  auto request = std::make_shared<http::Request>();
  request->headers = headers;
  context.request = request;
  RequestId middleware;
  middleware.on_request(context);
  require(is_valid_request_id(context.request_id), "a request has a usable id");
  if (!context.trace) return;
  const auto child = parse_traceparent(context.trace->child());
  require(child.has_value(), "what is handed on is a traceparent");
  require(child->trace_id == context.trace->trace_id, "of the same trace");
  require(child->sampled == context.trace->sampled, "sampled as before");
}

void check_conditions(const http::Headers& headers) {
  for (const char* const tag : {"3", "3-ready-18c2f4"}) {
    const auto known = none_match(headers, tag);
    require(!known || not_modified(*known, "no-cache").headers.find("ETag") != nullptr,
            "a tag can be sent back");
  }
  const auto versions = if_match(headers);
  require(versions.has_value() || versions.error().status == 400, "a bad condition is 400");
}

void check_key_and_coding(const http::Headers& headers) {
  const auto key = read_idempotency_key(headers);
  require(key.has_value() || key.error().status == 400, "a bad key is 400");
  if (key && *key) {
    require(!(*key)->empty() && (*key)->size() <= 255, "a key is bounded");
    for (const char c : **key)
      require(c >= 0x21 && c <= 0x7e, "a key is visible ASCII");
  }
  http::accepts_gzip(headers);
  http::body_coding(headers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  http::Headers headers;
  while (!rest.empty()) {
    const std::string_view line = fuzz::take_line(rest);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    headers.add(line.substr(0, colon), value);
  }
  check_client(headers);
  check_ids(headers);
  check_conditions(headers);
  check_key_and_coding(headers);
  return 0;
}
