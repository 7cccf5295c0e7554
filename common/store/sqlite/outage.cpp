// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/outage.hpp"

#include <utility>

namespace holdfast::store::sqlite {

namespace {

// Those that are about the database, and not about one request.
bool is_outage(ErrorKind kind) {
  return kind == ErrorKind::ResourceExhausted || kind == ErrorKind::DataLoss ||
         kind == ErrorKind::PermissionDenied || kind == ErrorKind::Unavailable;
}

}  // namespace

// A read that fails for another reason is seen by the next look, too.
void Outage::read_failed(const Error& error) {
  if (error.kind == ErrorKind::DataLoss) write_failed(error);
}

void Outage::write_failed(const Error& error) {
  if (!is_outage(error.kind)) return;
  const std::lock_guard lock(mutex_);
  if (!error_ || error_->kind != ErrorKind::DataLoss) error_ = error;
  doubtful_ = true;
}

void Outage::written() {
  if (!doubtful_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  const bool stays = error_ && (error_->kind == ErrorKind::DataLoss ||
                                error_->kind == ErrorKind::ResourceExhausted);
  if (stays) return;
  error_.reset();
  doubtful_ = false;
}

std::optional<Error> Outage::present() const {
  if (!doubtful_.load(std::memory_order_relaxed)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return error_;
}

bool Outage::begin_probe() {
  if (!doubtful_.load(std::memory_order_relaxed)) return false;
  const std::lock_guard lock(mutex_);
  if (error_ && error_->kind == ErrorKind::DataLoss) return false;
  return !std::exchange(probing_, true);
}

void Outage::probed(bool succeeded) {
  const std::lock_guard lock(mutex_);
  probing_ = false;
  if (!succeeded || (error_ && error_->kind == ErrorKind::DataLoss)) return;
  error_.reset();
  doubtful_ = false;
}

}  // namespace holdfast::store::sqlite
