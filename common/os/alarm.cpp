// SPDX-License-Identifier: Apache-2.0
#include "common/os/alarm.hpp"

#include "common/os/thread.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

namespace holdfast {

namespace {

using namespace std::chrono_literals;

int alarm_signal() {
  return stack_signal() - 1;
}

// Does nothing: that it is called ends the call that waits.
void install_handler() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_ONSTACK;  // and no SA_RESTART
  ::sigaction(alarm_signal(), &action, nullptr);
}

timespec to_timespec(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(duration - seconds);
  return {static_cast<time_t>(seconds.count()), static_cast<long>(rest.count())};
}

}  // namespace

Alarm::Alarm(Duration after) : until_(std::chrono::steady_clock::now() + after) {
  static std::once_flag once;
  std::call_once(once, install_handler);
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, alarm_signal());
  ::pthread_sigmask(SIG_UNBLOCK, &wanted, &before_);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = alarm_signal();
  event._sigev_un._tid = ::gettid();
  is_set_ = ::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
  if (!is_set_) return;
  itimerspec times{};
  times.it_value = to_timespec(std::max<Duration>(after, 1ms));
  times.it_interval = to_timespec(20ms);  // the first may come just before the call
  ::timer_settime(timer_, 0, &times, nullptr);
}

Alarm::~Alarm() {
  if (is_set_) ::timer_delete(timer_);
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace holdfast
