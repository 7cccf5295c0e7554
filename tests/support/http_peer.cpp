// SPDX-License-Identifier: Apache-2.0
#include "tests/support/http_peer.hpp"

#include "tests/support/process.hpp"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>

namespace holdfast::test {

namespace {

// A connection, with TLS or without.
class Wire {
 public:
  Wire(int fd, SSL_CTX* context) : fd_(fd) {
    if (context == nullptr) return;
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd);
    usable_ = SSL_accept(ssl_) == 1;
  }
  ~Wire() {
    if (ssl_ == nullptr) return;
    if (usable_) SSL_shutdown(ssl_);
    SSL_free(ssl_);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  bool usable() const { return usable_; }
  // At least one byte; 0 at the end.
  std::size_t read(char* data, std::size_t size) {
    const auto n = ssl_ != nullptr ? SSL_read(ssl_, data, static_cast<int>(size))
                                   : static_cast<int>(::recv(fd_, data, size, 0));
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  bool write(const std::string& text) {
    std::size_t done = 0;
    while (done < text.size()) {
      const auto n =
          ssl_ != nullptr
              ? SSL_write(ssl_, text.data() + done, static_cast<int>(text.size() - done))
              : static_cast<int>(::send(fd_, text.data() + done, text.size() - done, MSG_NOSIGNAL));
      if (n <= 0) return false;
      done += static_cast<std::size_t>(n);
    }
    return true;
  }

 private:
  int fd_;
  SSL* ssl_ = nullptr;
  bool usable_ = true;
};

std::string lower(std::string text) {
  for (char& c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

bool read_request(Wire& wire, PeerRequest& request) {
  std::string text;
  std::size_t head = 0;
  char block[4096];
  while ((head = text.find("\r\n\r\n")) == std::string::npos) {
    const std::size_t n = wire.read(block, sizeof block);
    if (n == 0) return false;
    text.append(block, n);
  }
  const std::string first = text.substr(0, text.find("\r\n"));
  request.method = first.substr(0, first.find(' '));
  request.target =
      first.substr(request.method.size() + 1, first.rfind(' ') - request.method.size() - 1);
  for (std::size_t at = first.size() + 2; at < head;) {
    const std::size_t end = text.find("\r\n", at);
    const std::string line = text.substr(at, end - at);
    const std::size_t colon = line.find(':');
    request.headers[lower(line.substr(0, colon))] =
        line.substr(line.find_first_not_of(" ", colon + 1));
    at = end + 2;
  }
  const auto length = request.headers.find("content-length");
  const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
  request.body = text.substr(head + 4);
  while (request.body.size() < size) {
    const std::size_t n = wire.read(block, sizeof block);
    if (n == 0) return false;
    request.body.append(block, n);
  }
  return true;
}

void reply(Wire& wire, const PeerReply& reply) {
  using Way = PeerReply::Way;
  char byte = 0;
  switch (reply.way) {
    case Way::Close: return;
    case Way::Garbage: wire.write("\x16\x03 what?\r\n\r\n"); return;
    case Way::Silent:
      while (wire.read(&byte, 1) > 0) {
      }
      return;
    case Way::Drip:
    case Way::DripHead: {
      bool there =
          wire.write(reply.way == Way::Drip ? "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
                                            : "HTTP/1.1 200 OK\r\nX-Slow: ");
      while (there) {
        ::poll(nullptr, 0, 5);
        there = wire.write("o");
      }
      return;
    }
    case Way::Answer: break;
  }
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) +
                     " Played\r\nContent-Length: " + std::to_string(reply.body.size()) +
                     (reply.keep ? "\r\n" : "\r\nConnection: close\r\n");
  for (const auto& [name, value] : reply.headers)
    text += name + ": " + value + "\r\n";
  wire.write(text + "\r\n" + reply.body);
}

}  // namespace

HttpPeer::HttpPeer(Play play) : play_(std::move(play)) {
  listen();
}

HttpPeer::HttpPeer(Play play, const Tls& tls)
    : play_(std::move(play)), tls_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
  if (SSL_CTX_use_certificate_chain_file(tls_.get(), tls.certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(tls_.get(), tls.key.c_str(), SSL_FILETYPE_PEM) != 1)
    throw std::runtime_error("the certificate cannot be used");
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  listen();
}

void HttpPeer::listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("cannot listen");
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      serving_.emplace(fd, std::thread([this, fd] { serve(fd); }));
    }
  });
}

HttpPeer::~HttpPeer() {
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  ::close(listener_);
  for (auto& [fd, thread] : serving_) {
    ::shutdown(fd, SHUT_RDWR);
    thread.join();
    ::close(fd);
  }
}

void HttpPeer::serve(int connection) {
  {
    Wire wire(connection, tls_.get());
    bool kept = wire.usable();
    while (kept) {
      PeerRequest request;
      if (!read_request(wire, request)) break;
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back(request);
        news_.notify_all();
      }
      const PeerReply answer = play_(request);
      reply(wire, answer);
      kept = answer.keep && answer.way == PeerReply::Way::Answer;
    }
  }
  ::shutdown(connection, SHUT_WR);
}

std::string HttpPeer::url(const std::string& target) const {
  return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_) + target;
}

std::vector<PeerRequest> HttpPeer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::size_t HttpPeer::connections() const {
  const std::lock_guard lock(mutex_);
  return serving_.size();
}

bool HttpPeer::wait_seen(std::size_t count) const {
  std::unique_lock lock(mutex_);
  return news_.wait_for(lock, std::chrono::seconds(60), [&] { return seen_.size() >= count; });
}

TestAuthority::TestAuthority(std::string directory) : directory_(std::move(directory)) {
  const auto made = run_program({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                 "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                                 "/CN=holdfast test authority", "-keyout", directory_ + "/ca.key",
                                 "-out", ca_file()});
  if (made.ended.shell_status() != 0) throw std::runtime_error("openssl: " + made.output);
}

HttpPeer::Tls TestAuthority::issue(const std::string& dns_name) const {
  const std::string base = directory_ + "/" + dns_name;
  const auto made = run_program({"/usr/bin/openssl",
                                 "req",
                                 "-x509",
                                 "-newkey",
                                 "ec",
                                 "-pkeyopt",
                                 "ec_paramgen_curve:P-256",
                                 "-nodes",
                                 "-days",
                                 "2",
                                 "-subj",
                                 "/CN=" + dns_name,
                                 "-addext",
                                 "subjectAltName=DNS:" + dns_name,
                                 "-addext",
                                 "basicConstraints=critical,CA:FALSE",
                                 "-CA",
                                 ca_file(),
                                 "-CAkey",
                                 directory_ + "/ca.key",
                                 "-keyout",
                                 base + ".key",
                                 "-out",
                                 base + ".pem"});
  if (made.ended.shell_status() != 0) throw std::runtime_error("openssl: " + made.output);
  return {base + ".pem", base + ".key"};
}

}  // namespace holdfast::test
