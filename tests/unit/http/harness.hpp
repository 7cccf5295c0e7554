// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the HTTP tests share: a server on a thread of its own, a client that speaks raw bytes, and a
// peer that answers with whatever bytes a test wants.

#include "common/http/server.hpp"
#include "common/os/fd.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace holdfast::http::testing {

// Long enough for any loaded machine: a test that waits this long has failed.
inline constexpr int kPatienceMs = 30'000;

using holdfast::test::TempDir;

Fd make_listener(const std::string& address = "127.0.0.1:0");
std::uint16_t port_of(const Fd& listener);
Fd duplicate(const Fd& fd);

// An io_context run by its own thread.
class Loop {
 public:
  Loop();
  ~Loop();
  boost::asio::io_context io{1};

  // Runs `call` on the loop's thread and waits for it.
  template <class Call>
  auto run(Call call) {
    std::packaged_task<decltype(call())()> task(std::move(call));
    auto result = task.get_future();
    boost::asio::post(io, std::move(task));
    return result.get();
  }
  void join();  // everything is done; nothing runs any more

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

class TestServer {
 public:
  explicit TestServer(Handler handler, ServerLimits limits = {}, RefusalHandler refuse = {},
                      Fd listener = make_listener(), Gate gate = {});
  ~TestServer();

  Loop loop;
  std::uint16_t port = 0;  // 0 on a Unix socket
  std::unique_ptr<Server> server;

  std::future<void> drain();  // ready once drained
  ServerStats stats();
  void wait_for_connections(std::uint64_t count);  // open ones
  void destroy();                                  // the server, before its loop
};

// Answers with "METHOD PATH BODY" at once.
Handler echo_handler();

struct RawAnswer {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;
  std::string field(std::string_view name) const;  // empty if absent
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  explicit RawClient(const std::string& unix_path);
  explicit RawClient(Fd connected) : fd_(std::move(connected)) {}

  bool send(std::string_view bytes);  // false once the peer has reset the connection
  void finish_sending();
  // One response; `to_head`: without a body. Status 0 when the connection ended before its end.
  RawAnswer read_answer(bool to_head = false);
  RawAnswer ask(std::string_view bytes);
  std::string read_rest();              // until the peer closes
  bool readable(int timeout_ms) const;  // bytes or the end
  bool closed_by_peer();                // waits; true at a clean end without bytes
  void reset();                         // closes with RST
  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }

 private:
  bool fill();
  Fd fd_;
  std::string buffer_;
};

std::string get(std::string_view target, std::string_view extra_fields = "");

// Accepts connections one after the other on a thread of its own; `serve` gets each.
class ScriptedPeer {
 public:
  using Script = std::function<void(RawClient& client)>;
  explicit ScriptedPeer(Script serve, Fd listener = make_listener());
  ~ScriptedPeer();
  std::uint16_t port = 0;
  std::string url(std::string_view target = "/") const;

 private:
  Fd listener_;
  Fd stop_;
  std::thread thread_;
};

// A script that reads a request head and answers with these bytes.
ScriptedPeer::Script answering(std::string bytes);
std::string read_request_head(RawClient& client);

}  // namespace holdfast::http::testing
