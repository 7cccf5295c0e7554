// SPDX-License-Identifier: Apache-2.0
#pragma once

// Outgoing HTTP. fetch() is for requests that leave the stack (webhooks, providers) and for the
// command line: blocking, with verified TLS, without redirects, bounded in time and bytes.
// async_get() is for the many small GETs inside the stack (telemetry sockets), on an io_context.
// Each has a source of its own (fetch.cpp, async_get.cpp); both read answers by ResponseParser.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/http/message.hpp"
#include "common/net/url.hpp"
#include "common/os/fd.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace boost::asio {
class io_context;
}

namespace holdfast::http {

class IdleConnections;

// Looks at a connection while the request waits. `connection` is a copy of the socket's
// descriptor. `go_on` is to be called once, on the io_context's thread and not inside this call:
// more of the request is sent then, or it ends with the error.
using Vet = std::function<void(Fd connection, std::function<void(Result<void>)> go_on)>;

struct FetchOptions {
  Duration deadline = std::chrono::seconds(10);  // for the whole exchange, absolute
  std::uint64_t max_response_bytes = 1u << 20;   // a longer response is an error
  // fetch(): an answer whose head has come is one, with as much of its body as has come within the
  // deadline and `max_response_bytes`. For those who ask for something to be done, and are told by
  // the status that it was.
  bool status_suffices = false;
  bool head_only = false;  // async_get(): done with the status and the fields, without the body
  // fetch(): for one connection, and for each step of its TLS handshake; 0: the deadline alone.
  Duration connect_timeout{};
  std::optional<net::ProxyUrl> proxy{};  // fetch(): by which the request goes
  std::filesystem::path ca_file{};       // fetch(): trusted besides the system's authorities; PEM
  std::stop_token stop{};                // fetch(): breaks it off, as if the deadline had come
  // fetch(): asked several times a second, on a thread of its own; false breaks it off likewise.
  // For those who have to show that they are alive, or may be told to stop, while they wait.
  std::function<bool()> go_on{};
  // fetch(): one of these is used, and the connection left there afterwards.
  IdleConnections* connections = nullptr;
  Vet greet{};  // async_get(): called when it is connected, and nothing is sent yet
  Vet vet{};    // async_get(): called when all but the last byte of the request is sent
};

// `url`: http://host:port/path, https://…, or unix:/path/to.sock:/target. Any thread; blocks.
// Certificates are verified against the system's trust store and `ca_file`. Content-Length,
// Transfer-Encoding and Connection are set by the client itself. Bodies are returned as received,
// compressed or not. Besides `max_response_bytes` of a body, an answer has a head of 64 KiB at
// most. Errors: InvalidArgument (URL, method), Unavailable, DeadlineExceeded, ResourceExhausted
// (the response is longer than allowed), DataLoss (truncated or malformed); any status is a
// Response.
Result<Response> fetch(const std::string& method, const std::string& url, const Headers& headers,
                       const std::string& body, const FetchOptions& options = {});

// One GET over a Unix socket path or http://host:port (numeric, or "localhost": 127.0.0.1, then
// ::1), without blocking.
// Any thread; `done` runs on the io_context's, exactly once and never inside this call, or not at
// all if the io_context is destroyed first. A truncated response is an error, never a short body.
void async_get(boost::asio::io_context& io, const std::string& url, const Headers& headers,
               const FetchOptions& options, std::function<void(Result<Response>)> done);

}  // namespace holdfast::http
