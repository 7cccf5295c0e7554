// SPDX-License-Identifier: Apache-2.0
// The one file that sees cpp-httplib.
#include "common/http/client.hpp"
#include "common/http/idle_connections.hpp"
#include "common/http/resolve.hpp"
#include "common/http/syntax.hpp"
#include "common/http/watchdog.hpp"
#include "common/net/url.hpp"
#include "common/text/ascii.hpp"

#include <httplib.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>

#include <algorithm>

namespace holdfast::http {

struct IdleConnections::Connection {
  std::string peer;
  httplib::Client client;
  MonoTime opened = MonoTime::clock::now();
  MonoTime used{};
};

IdleConnections::IdleConnections() : IdleConnections(Limits{}) {}
IdleConnections::IdleConnections(Limits limits) : limits_(limits) {}
IdleConnections::~IdleConnections() = default;

std::unique_ptr<IdleConnections::Connection> IdleConnections::take(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  close_the_old(MonoTime::clock::now());
  const auto last = std::find_if(idle_.rbegin(), idle_.rend(),
                                 [&](const auto& connection) { return connection->peer == peer; });
  if (last == idle_.rend()) return nullptr;
  std::unique_ptr<Connection> taken = std::move(*last);
  idle_.erase(std::next(last).base());
  return taken;
}

void IdleConnections::keep(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  connection->used = MonoTime::clock::now();
  close_the_old(connection->used);
  if (limits_.connections == 0) return;
  if (idle_.size() >= limits_.connections) idle_.erase(idle_.begin());
  idle_.push_back(std::move(connection));
}

void IdleConnections::close_the_old(MonoTime now) {
  std::erase_if(idle_, [&](const auto& connection) {
    return now - connection->used > limits_.idle || now - connection->opened > limits_.age;
  });
}

namespace {

using Connection = IdleConnections::Connection;

// cpp-httplib and OpenSSL write without MSG_NOSIGNAL: a vanished peer must not kill the process.
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

httplib::Headers to_httplib(const Headers& headers, const net::Url& url) {
  httplib::Headers out;
  for (const auto& [name, value] : headers.fields()) {
    if (!is_set_by_the_client(name)) out.emplace(name, value);
  }
  if (headers.find("Host") == nullptr) out.emplace("Host", url.host_field());
  if (headers.find("User-Agent") == nullptr) out.emplace("User-Agent", "holdfast");
  return out;
}

// Adds the authorities of a file to those of the system.
Result<void> trust(httplib::Client& client, const std::filesystem::path& ca_file) {
  SSL_CTX* const context = client.ssl_context();
  if (context == nullptr) return {};  // not https
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  if (SSL_CTX_set_default_verify_paths(context) == 1 &&
      X509_STORE_load_file(store, ca_file.c_str()) == 1)
    return {};
  ERR_clear_error();
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' has no certificate that can be read", ca_file.native()));
}

httplib::Client make_client(const net::Url& url, const std::string& address,
                            const FetchOptions& options) {
  if (url.scheme == net::Url::Scheme::Unix) {
    httplib::Client client(url.socket_path, 80);
    client.set_address_family(AF_UNIX);
    return client;
  }
  httplib::Client client(url.base());
  // Host, SNI and the certificate check use the name; the connection goes to the address.
  if (address != url.host && !options.proxy) client.set_hostname_addr_map({{url.host, address}});
  return client;
}

// Later releases of the library have a code of its own for a name that differs.
template <class Code>
bool is_about_certificate(Code code) {
  if constexpr (requires { Code::SSLServerHostnameVerification; }) {
    if (code == Code::SSLServerHostnameVerification) return true;
  }
  return code == Code::SSLServerVerification;
}

Failure failure_of(httplib::Error error, const std::string& url) {
  if (is_about_certificate(error)) {
    return fail(ErrorKind::Unavailable,
                url +
                    ": its certificate is not valid for it: another name, out of date, or signed "
                    "by an authority that is not trusted");
  }
  const bool damaged = error == httplib::Error::Read;
  return fail(damaged ? ErrorKind::DataLoss : ErrorKind::Unavailable,
              fmt::format("{}: {}", url,
                          damaged ? "the response is missing, truncated or malformed"
                                  : "failed: " + httplib::to_string(error)));
}

bool is_short(const httplib::Response& answer, const std::string& method, std::size_t received) {
  if (method == "HEAD" || answer.status == 204 || answer.status == 304) return false;
  return answer.has_header("Content-Length") &&
         answer.get_header_value("Content-Length") != std::to_string(received);
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

Result<std::unique_ptr<Connection>> new_connection(const net::Url& url, const std::string& address,
                                                   const FetchOptions& options) {
  const std::string name = url.base();
  auto made = std::make_unique<Connection>(
      Connection{peer_of(url, address, options), make_client(url, address, options)});
  httplib::Client& client = made->client;
  if (!client.is_valid()) return fail(ErrorKind::InvalidArgument, name + ": not a usable URL");
  if (options.proxy) {
    client.set_proxy(address, options.proxy->port);
    if (!options.proxy->user.empty())
      client.set_proxy_basic_auth(options.proxy->user, options.proxy->password);
  }
  if (!options.ca_file.empty()) {
    if (auto trusted = trust(client, options.ca_file); !trusted)
      return fail(trusted.error().with_context(name));
  }
  client.enable_server_certificate_verification(true);
  client.set_follow_location(false);
  client.set_decompress(false);
  client.set_url_encode(false);
  client.set_keep_alive(options.connections != nullptr);
  client.set_tcp_nodelay(true);
  return made;
}

// For one exchange: the time that is left, and the watchdog.
void prepare(httplib::Client& client, const FetchOptions& options, Duration left,
             SocketWatchdog& watchdog) {
  // These apply per system call. The watchdog bounds the whole exchange, and always fires first.
  const Duration call_timeout = left + std::chrono::seconds(5);
  client.set_connection_timeout(options.connect_timeout > Duration::zero()
                                    ? std::min(options.connect_timeout, call_timeout)
                                    : call_timeout);
  client.set_read_timeout(call_timeout);
  client.set_write_timeout(call_timeout);
  client.set_socket_options([&](socket_t socket) { watchdog.watch(socket); });
  if (client.is_socket_open()) watchdog.watch(client.socket());
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
  if (options.connections != nullptr && may_reuse)
    connection = options.connections->take(peer_of(url, address, options));
  const bool reused = connection != nullptr;
  if (!reused) {
    auto made = new_connection(url, address, options);
    if (!made) return {fail(made.error())};
    connection = std::move(*made);
  }
  httplib::Client& client = connection->client;
  prepare(client, options, left, watchdog);

  Response response;
  bool too_long = false;
  httplib::Request request;
  request.method = method;
  request.path = url.target;
  request.headers = to_httplib(headers, url);
  request.body = body;
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    too_long = response.body.size() + size > options.max_response_bytes;
    if (!too_long) response.body.append(data, size);
    return !too_long;
  };
  const httplib::Result result = client.send(request);

  if (too_long) {
    return {fail(
        ErrorKind::ResourceExhausted,
        fmt::format("{}: the response is longer than {} bytes", name, options.max_response_bytes))};
  }
  // Checked first: a connection cut by the watchdog can look like the end of a body.
  if (watchdog.expired()) return too_late();
  if (!result) {
    // The server may have closed it just then.
    if (reused && response.body.empty())
      return attempt(method, url, address, headers, body, options, deadline, false);
    const bool unreachable = result.error() == httplib::Error::Connection ||
                             result.error() == httplib::Error::ConnectionTimeout;
    return {failure_of(result.error(), name), !unreachable};
  }
  if (is_short(*result, method, response.body.size())) {
    return {fail(ErrorKind::DataLoss, name + ": the response is truncated")};
  }
  response.status = result->status;
  for (const auto& [field, value] : result->headers)
    response.headers.add(field, value);
  if (options.connections != nullptr && client.is_socket_open())
    options.connections->keep(std::move(connection));
  return {std::move(response)};
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
