// SPDX-License-Identifier: Apache-2.0
#pragma once

// HTTP messages as plain values: what handlers see. No Asio, no Beast.
// Semantics: RFC 9110 (HTTP), RFC 9112 (HTTP/1.1).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::http {

// Field lines in the order they came or will be sent. Names compare without case.
class Headers {
 public:
  struct Field {
    std::string name;
    std::string value;
  };

  // The only ways to write a field. If the name is not a token or the value has CR, LF, NUL or
  // another control character, nothing is written and the result is false: no input can split a
  // response.
  bool add(std::string_view name, std::string_view value);
  bool set(std::string_view name, std::string_view value);  // replaces every line of that name
  void remove(std::string_view name);

  // The first line of that name, or nullptr.
  const std::string* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// Fields that many responses have in common, checked and formatted once.
class SharedFields {
 public:
  explicit SharedFields(const Headers& headers);
  const std::string& lines() const { return lines_; }  // "Name: value\r\n", in order

 private:
  std::string lines_;
};

// Who is at the other end of the connection.
struct Peer {
  std::string address;  // textual IP, IPv4-mapped ones as IPv4; empty on a Unix socket
  std::uint16_t port = 0;
  bool unix_socket = false;
  bool restricted = false;  // ServerLimits::restricts() says so
};

struct Request {
  std::string method;  // "GET"; upper case as received
  std::string target;  // as received: "/api/search?q=a%20b"
  std::string path;    // percent-decoded, "/api/search": UTF-8, no control characters, no '..'
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;
  std::string body;
  Peer peer;

  const std::string* query_value(std::string_view name) const;         // the first, or nullptr
  std::vector<std::string> query_values(std::string_view name) const;  // in their order
};

// A body of unknown length that is sent as it is produced. Its end closes the connection (RFC 9112,
// 6.3). It is asked for more only once everything before is sent, so a slow reader costs no memory;
// one that takes nothing for ServerLimits::write_timeout is cut off. A stream that is silent for
// long should send something now and then: only a write reveals that the client is gone. All calls
// are on the server's thread.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // Appends what can be sent now, possibly nothing. False: the body ends here.
  virtual bool read(std::string& out) = 0;
  // `wake` must be called when read() may have something new. Empty: nobody reads any more.
  virtual void on_news(std::function<void()> wake) = 0;
};

class BodyShare;

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  bool close = false;                    // ask for the connection to be closed after this response
  std::shared_ptr<BodyStream> stream{};  // follows `body`; see there
  // Sent after `headers`. The one who sets it makes sure that no name is in both.
  std::shared_ptr<const SharedFields> shared{};
  std::shared_ptr<BodyShare> held{};  // of the body, until it is sent (Server::hold)

  static Response json(int status, std::string body);
  static Response text(int status, std::string body,
                       std::string_view content_type = "text/plain; charset=utf-8");
};

std::string_view reason_phrase(int status);

}  // namespace holdfast::http
