// SPDX-License-Identifier: Apache-2.0
#pragma once

// HttpPeer: an HTTP server on a port of 127.0.0.1 that the kernel chooses, which plays any part
// that a test gives it, the bad ones too, and remembers what it was sent. One connection, one
// request, but where the reply says so.
//
// Threads: each connection is served on one of its own, where `play` is called; the rest is for the
// test's.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct ssl_ctx_st;

namespace holdfast::test {

struct PeerRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct PeerReply {
  enum class Way {
    Answer,
    Close,     // without a byte
    Silent,    // holds the connection until the client leaves
    Drip,      // a byte of the body each few milliseconds, without an end
    DripHead,  // the same, of a header field
    Garbage,
  };
  int status = 200;
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  Way way = Way::Answer;
  bool keep = false;  // the connection, for another request
};

class HttpPeer {
 public:
  using Play = std::function<PeerReply(const PeerRequest&)>;
  struct Tls {
    std::string certificate;  // PEM files
    std::string key;
  };

  explicit HttpPeer(Play play);
  HttpPeer(Play play, const Tls& tls);
  ~HttpPeer();
  HttpPeer(const HttpPeer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& target = "/") const;
  std::vector<PeerRequest> seen() const;
  std::size_t connections() const;  // that were ever made
  bool wait_seen(std::size_t count) const;

 private:
  void listen();
  void serve(int connection);

  const Play play_;
  std::shared_ptr<ssl_ctx_st> tls_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable news_;
  std::vector<PeerRequest> seen_;
  std::map<int, std::thread> serving_;  // by descriptor, which is open as long
  std::thread accepting_;
};

// A certificate authority of the test's own, made with openssl(1) in this directory.
class TestAuthority {
 public:
  explicit TestAuthority(std::string directory);
  std::string ca_file() const { return directory_ + "/ca.pem"; }
  HttpPeer::Tls issue(const std::string& dns_name) const;

 private:
  const std::string directory_;
};

}  // namespace holdfast::test
