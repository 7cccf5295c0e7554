// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/listener.hpp"

#include "common/os/signal_mask.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace holdfast::store::postgres {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// An idle connection is asked for a sign of life: a firewall may have dropped it without a word.
constexpr Duration kSignOfLife = 30s;
constexpr Duration kWhilePlacesAreShort = 5s;

}  // namespace

Result<std::unique_ptr<Listener>> Listener::start(Connector& connector,
                                                  std::function<void()> heard) {
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "eventfd");
  return std::unique_ptr<Listener>(new Listener(connector, std::move(heard), std::move(wake)));
}

Listener::Listener(Connector& connector, std::function<void()> heard, Fd wake)
    : connector_(connector), heard_(std::move(heard)), wake_(std::move(wake)) {
  const SignalsBlocked inherited;
  thread_ = std::thread([this] { loop(); });
  ::pthread_setname_np(thread_.native_handle(), "store-listener");
}

Listener::~Listener() {
  stopping_ = true;
  (void)::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void Listener::give_way() {
  if (listening_) (void)::eventfd_write(wake_.get(), 1);
}

void Listener::clear_wake() {
  eventfd_t count = 0;
  (void)::eventfd_read(wake_.get(), &count);
}

void Listener::loop() {
  while (listen() && pause()) {
  }
  listening_ = false;
}

bool Listener::listen() {
  // Jobs are found without it, a little later: others need the place more.
  if (connector_.places_are_short()) return true;
  const auto connection = connector_.connect();
  if (!connection) return true;
  PgConnection& server = **connection;
  if (server.is_pooled()) return false;
  if (!server.exchange(Statement("LISTEN holdfast_jobs"))) {
    ++refusals_;
    return true;
  }
  refusals_ = 0;
  listening_ = true;
  heard_();  // what came before it listened
  for (;;) {
    const auto what = server.listen(wake_.get(), kSignOfLife);
    if (!what) break;
    if (*what == PgConnection::Heard::Woken) {
      if (stopping_) return false;
      clear_wake();
      break;
    }
    if (*what == PgConnection::Heard::Notification) heard_();
    if (*what == PgConnection::Heard::Nothing && !server.exchange(Statement("SELECT 1"))) break;
  }
  listening_ = false;
  return true;
}

bool Listener::pause() {
  pollfd wake{wake_.get(), POLLIN, 0};
  // A connection that was made resets the connector's waits, also if it was of no use here.
  const double random = std::uniform_real_distribution<double>(0, 1)(random_);
  const Duration refused = refusals_ > 0 ? reconnect_wait(refusals_, random) : Duration{};
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::max<steady_clock::duration>(
      {connector_.next_try() - steady_clock::now(), refused,
       connector_.places_are_short() ? kWhilePlacesAreShort : Duration(50ms)}));
  if (::poll(&wake, 1, static_cast<int>(wait.count())) == 0) return true;
  if (!stopping_) clear_wake();
  return !stopping_;
}

}  // namespace holdfast::store::postgres
