// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/probe_address.hpp"

#include "common/base/duration.hpp"
#include "common/http/client.hpp"
#include "common/net/url.hpp"
#include "common/text/utf8.hpp"
#include "supervisor/engine/connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace holdfast::supervisor {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostAtOnce = 16;
constexpr Duration kFirstPause = 5ms;   // between two rounds of connections; doubled each time
constexpr Duration kFirstLook = 250us;  // at whether a connection has been accepted
constexpr Duration kLooks = 20ms;
constexpr Duration kUnasked = 20ms;  // that a connection waits for being accepted as it is

std::string within(const config::Probe& probe, Duration timeout) {
  return fmt::format("{}: no answer within {}", to_string(probe), format_duration(timeout));
}

// "http://127.0.0.1:80/ answered 302 to '/login', and a probe follows no redirect"
std::string describe_status(const config::Probe& probe, const http::Response& answer) {
  const std::string* location = answer.headers.find("Location");
  if (answer.status / 100 != 3 || location == nullptr)
    return fmt::format("{} answered {}", to_string(probe), answer.status);
  return fmt::format("{} answered {} to '{}', and a probe follows no redirect", to_string(probe),
                     answer.status, text::truncate_utf8(*location, 200));
}

}  // namespace

class AddressProbe::Run : public std::enable_shared_from_this<Run> {
 public:
  Run(boost::asio::io_context& io, boost::asio::thread_pool& searcher, ProbeQuestion question,
      OnAnswer on_answer)
      : io_(io),
        searcher_(searcher),
        question_(std::move(question)),
        on_answer_(std::move(on_answer)),
        deadline_(io),
        pause_(io) {}

  void start() {
    deadline_.expires_after(question_.timeout);
    deadline_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->time_is_up();
    });
    ask(1);
  }

  void end() {
    ended_ = true;
    deadline_.cancel();
    pause_.cancel();
  }

 private:
  // One connection. Several may be under way.
  struct Contact {
    bool held_by_worker = false;
    bool over = false;
  };
  using ContactPtr = std::shared_ptr<Contact>;

  void ask(std::size_t connections) {
    width_ = connections;
    pending_ = connections;
    for (std::size_t i = 0; i < connections; ++i) {
      if (question_.probe.kind == config::Probe::Kind::Http) {
        ask_http();
      } else {
        ask_tcp();
      }
    }
  }

  // The others must not be flooded either.
  void ask_more() {
    pause_.expires_after(std::exchange(next_pause_, 2 * next_pause_));
    pause_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && !self->ended_) self->ask(std::min(self->width_ * 4, kMostAtOnce));
    });
  }

  void ask_http() {
    auto contact = std::make_shared<Contact>();
    http::FetchOptions options;
    options.deadline = question_.timeout;
    options.head_only = true;
    const auto go = [self = shared_from_this(),
                     contact](const std::function<void(Result<void>)>& go_on) {
      const bool wanted = contact->held_by_worker || self->question_.shared;
      if ((wanted || !contact->over) && !self->ended_) return go_on({});
      go_on(fail(ErrorKind::Unavailable, "the answer is not wanted"));
    };
    // Who accepts and then waits for the request is seen at its leisure, and one that answers at
    // once and closes is not missed. Others accept when there is something to read
    // (TCP_DEFER_ACCEPT), or when they have the time.
    options.greet = [self = shared_from_this(), contact, go](
                        Fd connection, std::function<void(Result<void>)> go_on) {
      self->look(
          contact, std::make_shared<Fd>(std::move(connection)), kFirstLook,
          [go, go_on = std::move(go_on)] { go(go_on); },
          std::chrono::steady_clock::now() + kUnasked);
    };
    options.vet = [self = shared_from_this(), contact, go](
                      Fd connection, std::function<void(Result<void>)> go_on) {
      if (contact->over)
        return boost::asio::post(self->io_, [go, go_on = std::move(go_on)] { go(go_on); });
      self->look(contact, std::make_shared<Fd>(std::move(connection)), kFirstLook,
                 [go, go_on = std::move(go_on)] { go(go_on); });
    };
    http::Headers headers;
    if (!question_.probe.host.empty()) headers.set("Host", question_.probe.host);
    http::async_get(io_, question_.probe.address, headers, options,
                    [self = shared_from_this(), contact](Result<http::Response> answer) {
                      self->answered(contact, std::move(answer));
                    });
  }

  void answered(const ContactPtr& contact, Result<http::Response> answer) {
    if (ended_) return;
    if (!answer) {
      // That of somebody else says nothing; a connection that nobody took says it all.
      if (!contact->over || contact->held_by_worker) finish_failed(answer.error());
      return;
    }
    if (!contact->held_by_worker) return;
    const bool expected = config::expects_status(question_.probe, answer->status);
    finish({expected ? ProbeAnswer::Outcome::Yes : ProbeAnswer::Outcome::No, true,
            expected ? std::string() : describe_status(question_.probe, *answer)});
  }

  void ask_tcp() {
    const auto url = net::parse_literal_url("http://" + question_.probe.address, "/");
    if (!url) return fail_soon(url.error());
    connect(io_, *url, [self = shared_from_this()](Result<Fd> connection) {
      if (self->ended_) return;
      if (!connection) return self->finish_failed(connection.error());
      auto contact = std::make_shared<Contact>();
      self->look(contact, std::make_shared<Fd>(std::move(*connection)), kFirstLook,
                 [self, contact] {
                   if (!self->ended_ && contact->held_by_worker)
                     self->finish({ProbeAnswer::Outcome::Yes, true, {}});
                 });
    });
  }

  void fail_soon(const Error& error) {
    boost::asio::post(io_, [self = shared_from_this(), error] { self->finish_failed(error); });
  }

  // Looks whether somebody has accepted the connection, and who; `then` when that is known, or is
  // not wanted any more, or nobody has until `end`.
  void look(
      const ContactPtr& contact, std::shared_ptr<Fd> connection, Duration pause,
      std::function<void()> then,
      boost::asio::steady_timer::time_point end = boost::asio::steady_timer::time_point::max()) {
    auto timer = std::make_shared<boost::asio::steady_timer>(io_, pause);
    timer->async_wait([self = shared_from_this(), contact, connection = std::move(connection),
                       pause, then = std::move(then), end,
                       timer](const boost::system::error_code& error) mutable {
      if (error) return;
      if (self->ended_) return then();
      const auto socket = process::accepted_socket(connection->get());
      if (!socket) return self->not_told(contact, socket.error(), then);
      if (*socket == 0) {
        if (std::chrono::steady_clock::now() >= end) return then();
        return self->look(contact, std::move(connection), std::min(2 * pause, kLooks),
                          std::move(then), end);
      }
      self->search(contact, *socket, std::move(connection), std::move(then));
    });
  }

  // A reset does not even tell that anybody has accepted; over HTTP the answer does, or its lack.
  void not_told(const ContactPtr& contact, const Error& error, const std::function<void()>& then) {
    const bool is_tcp = question_.probe.kind == config::Probe::Kind::Tcp;
    if (!is_tcp || error.os_error != ECONNRESET || !is_alone()) return judge(contact, {}, then);
    finish_failed(Error{ErrorKind::Unavailable,
                        fmt::format("{}: the connection was reset", to_string(question_.probe)),
                        0});
    then();
  }

  bool is_alone() const { return !question_.alone || question_.alone(); }

  void search(const ContactPtr& contact, std::uint64_t socket, std::shared_ptr<Fd> connection,
              std::function<void()> then) {
    boost::asio::post(searcher_, [self = shared_from_this(), contact, socket,
                                  connection = std::move(connection),
                                  then = std::move(then)]() mutable {
      process::Holder holder = process::find_holder(socket, self->question_.worker);
      boost::asio::io_context& io = self->io_;
      boost::asio::post(io, [self = std::move(self), contact, connection = std::move(connection),
                             holder = std::move(holder), then = std::move(then)] {
        if (self->ended_) return then();
        self->judge(contact, holder, then);
      });
    });
  }

  void judge(const ContactPtr& contact, const process::Holder& holder,
             const std::function<void()>& then) {
    const bool known = holder.kind != process::Holder::Kind::Unknown;
    contact->over = true;
    contact->held_by_worker =
        holder.kind == process::Holder::Kind::Worker || (!known && is_alone());
    taken_ = taken_ || contact->held_by_worker;
    then();
    if (ended_ || contact->held_by_worker) return;
    other_ = known ? fmt::format("{} was answered by process {} ({}), which is not of this worker",
                                 to_string(question_.probe), holder.pid, holder.name)
                   : fmt::format(
                         "{} was answered, but the system does not tell by which process, "
                         "and there are several",
                         to_string(question_.probe));
    if (--pending_ > 0) return;
    if (question_.shared) return ask_more();
    finish({ProbeAnswer::Outcome::Other, false, other_});
  }

  void time_is_up() {
    if (ended_) return;
    if (other_.empty() || taken_)
      return finish({ProbeAnswer::Outcome::No, false, within(question_.probe, question_.timeout)});
    finish({ProbeAnswer::Outcome::Other, false, other_});
  }

  void finish_failed(const Error& error) {
    if (ended_) return;
    if (error.kind == ErrorKind::DeadlineExceeded) return time_is_up();
    finish({ProbeAnswer::Outcome::No, false, error.message});
  }

  void finish(ProbeAnswer answer) {
    end();
    const OnAnswer on_answer = std::move(on_answer_);
    on_answer(std::move(answer));
  }

  boost::asio::io_context& io_;
  boost::asio::thread_pool& searcher_;
  const ProbeQuestion question_;
  OnAnswer on_answer_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer pause_;
  Duration next_pause_ = kFirstPause;
  std::size_t width_ = 0;    // connections at a time
  std::size_t pending_ = 0;  // of those, not taken by others so far
  bool taken_ = false;       // by the worker, one connection at least
  std::string other_;        // who else has answered
  bool ended_ = false;
};

AddressProbe::AddressProbe(boost::asio::io_context& io, boost::asio::thread_pool& searcher,
                           ProbeQuestion question, OnAnswer on_answer)
    : run_(std::make_shared<Run>(io, searcher, std::move(question), std::move(on_answer))) {
  run_->start();
}

AddressProbe::~AddressProbe() {
  run_->end();
}

}  // namespace holdfast::supervisor
