// SPDX-License-Identifier: Apache-2.0
#include "common/http/beast_parser.hpp"
#include "common/http/client.hpp"
#include "common/http/client_stream.hpp"
#include "common/http/idle_connections.hpp"
#include "common/http/read_buffer.hpp"
#include "common/http/resolve.hpp"
#include "common/http/syntax.hpp"
#include "common/http/watchdog.hpp"
#include "common/net/url.hpp"
#include "common/text/ascii.hpp"

#include <openssl/evp.h>
#include <signal.h>

#include <algorithm>
#include <limits>

namespace holdfast::http {

namespace {

using Connection = IdleConnections::Connection;

// OpenSSL writes without MSG_NOSIGNAL: a vanished peer must not kill the process.
class NoSigpipe {
 public:
  NoSigpipe() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    if (::sigismember(&before_, SIGPIPE) == 0) {
      const timespec at_once{};
      while (::sigtimedwait(&pipe_, nullptr, &at_once) > 0) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

struct Attempt {
  Result<Response> result;
  bool connected = true;  // if not, another address of the host may work
};

bool is_set_by_the_client(std::string_view name) {
  for (const std::string_view own : {"Content-Length", "Transfer-Encoding", "Connection"}) {
    if (text::equals_ignoring_case(name, own)) return true;
  }
  return false;
}

// RFC 9110, 8.6: these say how long their body is, also if it is empty.
bool has_length(const std::string& method, const std::string& body) {
  return !body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
}

// RFC 7617. Empty without a user.
std::string proxy_authorization(const net::ProxyUrl& proxy) {
  if (proxy.user.empty()) return {};
  const std::string plain = proxy.user + ":" + proxy.password;
  std::string encoded((plain.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock adds a NUL
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                     reinterpret_cast<const unsigned char*>(plain.data()),
                                     static_cast<int>(plain.size()));
  encoded.resize(static_cast<std::size_t>(length));
  return fmt::format("Proxy-Authorization: Basic {}\r\n", encoded);
}

// Up to the body. By a proxy, a target in the clear is named in full (RFC 9112, 3.2.2).
std::string head_of(const std::string& method, const net::Url& url, const Headers& headers,
                    const std::string& body, const FetchOptions& options) {
  const bool in_full = options.proxy && url.scheme == net::Url::Scheme::Http;
  std::string text =
      fmt::format("{} {}{} HTTP/1.1\r\n", method, in_full ? url.base() : "", url.target);
  if (headers.find("Host") == nullptr) text += fmt::format("Host: {}\r\n", url.host_field());
  if (headers.find("User-Agent") == nullptr) text += "User-Agent: holdfast\r\n";
  if (headers.find("Accept") == nullptr) text += "Accept: */*\r\n";
  if (in_full && headers.find("Proxy-Authorization") == nullptr)
    text += proxy_authorization(*options.proxy);
  for (const auto& [name, value] : headers.fields()) {
    if (!is_set_by_the_client(name)) text += fmt::format("{}: {}\r\n", name, value);
  }
  if (has_length(method, body)) text += fmt::format("Content-Length: {}\r\n", body.size());
  if (options.connections == nullptr) text += "Connection: close\r\n";
  return text + "\r\n";
}

Failure bad_answer(const Error& why) {
  if (why.kind == ErrorKind::ResourceExhausted) return fail(why);
  return fail(ErrorKind::DataLoss,
              "the response is missing, truncated or malformed: " + why.message);
}

// One response, or as much of it as has `enough` bytes in its body. `rest`: what came of it last,
// and after it.
Result<void> receive(ClientStream& stream, ResponseParser& parser, ReadBuffer& rest, bool& any_byte,
                     std::uint64_t enough = std::numeric_limits<std::uint64_t>::max()) {
  constexpr std::size_t kRoom = 16 << 10;
  while (!parser.done() && parser.body_size() < enough) {
    const auto got = stream.receive(rest.prepare(kRoom));
    if (!got) return bad_answer(got.error());
    if (*got == 0) {
      if (const auto ended = parser.finish(); !ended) return bad_answer(ended.error());
      continue;
    }
    any_byte = true;
    rest.commit(*got);
    const auto used = parser.feed(rest.view());
    if (!used) return bad_answer(used.error());
    rest.consume(*used);
  }
  return {};
}

// Everything that makes two connections interchangeable.
std::string peer_of(const net::Url& url, const std::string& address, const FetchOptions& options) {
  return fmt::format("{} {} {} {}", url.base(), address,
                     options.proxy
                         ? fmt::format("{}:{} {} {}", options.proxy->host, options.proxy->port,
                                       options.proxy->user, options.proxy->password)
                         : "",
                     options.ca_file.native());
}

// Has the proxy connect to the server itself (RFC 9110, 9.3.6).
Result<void> tunnel(ClientStream& stream, const net::Url& url, const net::ProxyUrl& proxy) {
  const std::string authority = url.base().substr(std::string_view("https://").size());
  HOLDFAST_TRY(stream.send(fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n{}\r\n", authority,
                                       authority, proxy_authorization(proxy))));
  ResponseParser parser(0, ResponseParser::Body::None);
  ReadBuffer rest;
  bool any_byte = false;
  if (const auto answered = receive(stream, parser, rest, any_byte); !answered)
    return fail(answered.error().with_context("the proxy"));
  const int status = parser.take().status;
  if (status / 100 != 2) {
    return fail(ErrorKind::Unavailable, fmt::format("the proxy refuses to connect: HTTP {} {}",
                                                    status, reason_phrase(status)));
  }
  if (!rest.empty()) return fail(ErrorKind::DataLoss, "the proxy speaks before the server does");
  return {};
}

struct Opened {
  Result<std::unique_ptr<Connection>> result;
  bool connected = true;
};

Opened open(const net::Url& url, const std::string& address, const FetchOptions& options,
            Duration left, SocketWatchdog& watchdog) {
  // The watchdog bounds the whole exchange, and always fires first.
  const Duration no_limit = left + std::chrono::seconds(5);
  const Duration timeout = options.connect_timeout > Duration::zero()
                               ? std::min(options.connect_timeout, no_limit)
                               : no_limit;
  auto made = std::make_unique<Connection>(Connection{peer_of(url, address, options), {}});
  ClientStream& stream = made->stream;
  const auto connected =
      url.scheme == net::Url::Scheme::Unix
          ? stream.connect(url.socket_path, timeout, watchdog)
          : stream.connect(address, options.proxy ? options.proxy->port : url.port, timeout,
                           watchdog);
  if (!connected) return {fail(connected.error()), false};
  if (url.scheme == net::Url::Scheme::Https) {
    if (options.proxy) {
      if (const auto through = tunnel(stream, url, *options.proxy); !through)
        return {fail(through.error())};
    }
    if (const auto secured = stream.secure(url.host, options.ca_file, timeout); !secured)
      return {fail(secured.error())};
  }
  return {std::move(made)};
}

// One that was kept, or nullptr. One that has something to say has been closed, or is out of step.
std::unique_ptr<Connection> kept_connection(const std::string& peer, const FetchOptions& options) {
  while (options.connections != nullptr) {
    auto connection = options.connections->take(peer);
    if (!connection || connection->stream.is_quiet()) return connection;
  }
  return nullptr;
}

Attempt attempt(const std::string& method, const net::Url& url, const std::string& address,
                const Headers& headers, const std::string& body, const FetchOptions& options,
                MonoTime deadline, bool may_reuse = true) {
  const std::string name = url.base();
  const auto too_late = [&] {
    return Attempt{fail(ErrorKind::DeadlineExceeded, name + ": no complete response in time"),
                   true};
  };
  const Duration left = deadline - MonoTime::clock::now();
  if (left <= Duration::zero()) return too_late();

  SocketWatchdog watchdog(deadline, options.stop, options.go_on);
  std::unique_ptr<Connection> connection;
  if (may_reuse) connection = kept_connection(peer_of(url, address, options), options);
  const bool reused = connection != nullptr;
  if (reused) {
    watchdog.watch(connection->stream.socket());
  } else {
    auto [opened, connected] = open(url, address, options, left, watchdog);
    if (!opened && watchdog.expired()) return too_late();
    if (!opened) return {fail(opened.error().with_context(name)), connected};
    connection = std::move(*opened);
  }

  ClientStream& stream = connection->stream;
  constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
  ResponseParser parser(
      options.status_suffices ? kAny : options.max_response_bytes,
      method == "HEAD" ? ResponseParser::Body::None : ResponseParser::Body::AsSaid);
  ReadBuffer rest;
  bool any_byte = false;
  Result<void> went = stream.send(head_of(method, url, headers, body, options));
  if (went) went = stream.send(body);
  if (went) {
    went = receive(stream, parser, rest, any_byte,
                   options.status_suffices ? options.max_response_bytes : kAny);
  }

  if (options.status_suffices && parser.head_done() && !parser.done()) {
    Response response = parser.take();
    if (response.body.size() > options.max_response_bytes)
      response.body.resize(options.max_response_bytes);
    return {std::move(response)};
  }
  // Checked first: a connection cut by the watchdog can look like the end of a body.
  if (watchdog.expired()) return too_late();
  if (!went) {
    // The server may have closed it just then.
    if (reused && !any_byte)
      return attempt(method, url, address, headers, body, options, deadline, false);
    return {fail(went.error().with_context(name))};
  }
  if (options.connections != nullptr && parser.keep_alive() && rest.empty() && stream.is_quiet())
    options.connections->keep(std::move(connection));
  return {parser.take()};
}

}  // namespace

Result<Response> fetch(const std::string& method, const std::string& url, const Headers& headers,
                       const std::string& body, const FetchOptions& options) {
  const MonoTime deadline = MonoTime::clock::now() + options.deadline;
  if (!is_token(method)) return fail(ErrorKind::InvalidArgument, "the method is not a token");
  HOLDFAST_TRY_ASSIGN(const net::Url parsed, net::parse_url(url));
  try {
    std::vector<std::string> addresses{""};
    if (parsed.scheme != net::Url::Scheme::Unix) {
      const std::string& peer = options.proxy ? options.proxy->host : parsed.host;
      const MonoTime resolved_by =
          options.connect_timeout > Duration::zero()
              ? std::min(deadline, MonoTime::clock::now() + options.connect_timeout)
              : deadline;
      HOLDFAST_TRY_ASSIGN(addresses, resolve(peer, resolved_by));
    }
    const NoSigpipe guard;
    Result<Response> last = fail(ErrorKind::Unavailable, parsed.host + " has no address");
    for (const std::string& address : addresses) {
      Attempt made = attempt(method, parsed, address, headers, body, options, deadline);
      last = std::move(made.result);
      if (made.connected) break;
    }
    return last;
  } catch (const std::exception& error) {
    return fail(ErrorKind::Internal, fmt::format("{} {}: {}", method, url, error.what()));
  }
}

}  // namespace holdfast::http
