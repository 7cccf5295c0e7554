// SPDX-License-Identifier: Apache-2.0
#pragma once

// Just enough to write a connection's life as one coroutine over Asio's sockets: a detached
// coroutine type, and awaiters that start one operation each.
//
// Why not asio::awaitable: it allocates a frame per operation and goes through the scheduler for
// each resumption; these awaiters live in the coroutine's own frame and are resumed straight from
// the operation's handler.
//
// Ownership: while suspended, the coroutine belongs to the Resumption inside the pending
// operation's handler. If that operation is destroyed without being invoked (its io_context is
// gone), the coroutine is destroyed with it. Threads: the one that runs the io_context.

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <coroutine>
#include <exception>
#include <span>
#include <utility>

namespace holdfast::http {

// Starts at once, has no awaiter, frees itself at its end. Must not let an exception out.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

class Resumption {
 public:
  Resumption() = default;
  explicit Resumption(std::coroutine_handle<> handle) : handle_(handle) {}
  Resumption(Resumption&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Resumption& operator=(Resumption&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Resumption() {
    if (handle_) handle_.destroy();
  }
  explicit operator bool() const { return static_cast<bool>(handle_); }
  void operator()() { std::exchange(handle_, {}).resume(); }

 private:
  std::coroutine_handle<> handle_;
};

struct IoResult {
  boost::system::error_code error;
  std::size_t count = 0;
};

// co_await ReadSome(socket, room): one async_read_some.
template <class Socket>
class ReadSome {
 public:
  ReadSome(Socket& socket, std::span<char> room) : socket_(socket), room_(room) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    socket_.async_read_some(boost::asio::buffer(room_.data(), room_.size()),
                            [this, resumption = Resumption(handle)](
                                const boost::system::error_code& error, std::size_t count) mutable {
                              result_ = {error, count};
                              resumption();
                            });
  }
  IoResult await_resume() const { return result_; }

 private:
  Socket& socket_;
  std::span<char> room_;
  IoResult result_;
};

// co_await Writable(socket): until the socket takes bytes again.
template <class Socket>
class Writable {
 public:
  explicit Writable(Socket& socket) : socket_(socket) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    socket_.async_wait(Socket::wait_write, [this, resumption = Resumption(handle)](
                                               const boost::system::error_code& error) mutable {
      error_ = error;
      resumption();
    });
  }
  boost::system::error_code await_resume() const { return error_; }

 private:
  Socket& socket_;
  boost::system::error_code error_;
};

// co_await Elapsed(timer, time): until then, or until the timer is cancelled.
template <class Timer>
class Elapsed {
 public:
  Elapsed(Timer& timer, typename Timer::duration time) : timer_(timer), time_(time) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    timer_.expires_after(time_);
    timer_.async_wait([resumption = Resumption(handle)](const boost::system::error_code&) mutable {
      resumption();
    });
  }
  void await_resume() const noexcept {}

 private:
  Timer& timer_;
  typename Timer::duration time_;
};

// co_await Connected(socket, endpoint): one async_connect.
template <class Socket>
class Connected {
 public:
  Connected(Socket& socket, const typename Socket::endpoint_type& endpoint)
      : socket_(socket), endpoint_(endpoint) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    socket_.async_connect(endpoint_, [this, resumption = Resumption(handle)](
                                         const boost::system::error_code& error) mutable {
      error_ = error;
      resumption();
    });
  }
  boost::system::error_code await_resume() const { return error_; }

 private:
  Socket& socket_;
  typename Socket::endpoint_type endpoint_;
  boost::system::error_code error_;
};

}  // namespace holdfast::http
