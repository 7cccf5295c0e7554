// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/cutoff.hpp"

#include <sys/eventfd.h>

namespace holdfast::store::postgres {

Cutoff::Cutoff() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Cutoff::set(Time time) {
  const Time::rep wanted = time.time_since_epoch().count();
  Time::rep now = time_.load();
  while (wanted < now && !time_.compare_exchange_weak(now, wanted)) {
  }
  if (wake_) (void)::eventfd_write(wake_.get(), 1);
}

}  // namespace holdfast::store::postgres
