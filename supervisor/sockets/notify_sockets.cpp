// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/notify_sockets.hpp"

#include <fmt/format.h>

#include <utility>

namespace holdfast::supervisor::sockets {

namespace {

void add_to(NotifyCounters& total, const NotifyCounters& one) {
  total.messages += one.messages;
  total.foreign += one.foreign;
  total.garbage += one.garbage;
}

}  // namespace

NotifySockets::NotifySockets(boost::asio::io_context& io, std::filesystem::path directory,
                             NotifySocket::Lookup lookup, NotifySocket::OnMessage on_message,
                             NotifySocket::OnForeign on_foreign)
    : io_(io),
      directory_(std::move(directory)),
      changes_(directory_),
      lookup_(std::move(lookup)),
      on_message_(std::move(on_message)),
      on_foreign_(std::move(on_foreign)) {}

Result<std::unique_ptr<NotifySockets>> NotifySockets::open(boost::asio::io_context& io,
                                                           const std::filesystem::path& shared,
                                                           std::filesystem::path directory,
                                                           NotifySocket::Lookup lookup,
                                                           NotifySocket::OnMessage on_message,
                                                           NotifySocket::OnForeign on_foreign) {
  std::unique_ptr<NotifySockets> sockets(new NotifySockets(
      io, std::move(directory), std::move(lookup), std::move(on_message), std::move(on_foreign)));
  HOLDFAST_TRY_ASSIGN(sockets->shared_,
                      NotifySocket::open(io, shared, NotifySocket::kOwnerOnly, sockets->lookup_,
                                         sockets->on_message_, sockets->on_foreign_));
  return sockets;
}

Result<std::filesystem::path> NotifySockets::add(const core::ProcessId& process,
                                                 const std::string& worker,
                                                 const std::optional<process::Identity>& identity) {
  const std::filesystem::path path = directory_ / fmt::format("{}.{}", worker, process.incarnation);
  HOLDFAST_TRY_ASSIGN(auto socket, NotifySocket::open(
                                       io_, path, NotifySocket::kOwnerOnly,
                                       [this, process](pid_t pid) {
                                         const auto sender = lookup_(pid);
                                         return sender == process ? sender : std::nullopt;
                                       },
                                       on_message_, on_foreign_));
  if (identity) HOLDFAST_TRY(socket->give_to(identity->uid, identity->gid));
  own_.insert_or_assign(process, std::move(socket));
  return path;
}

void NotifySockets::remove(const core::ProcessId& process) {
  const auto it = own_.find(process);
  if (it == own_.end()) return;
  add_to(former_, it->second->counters());
  own_.erase(it);
}

void NotifySockets::drain_now(const core::ProcessId& process) {
  shared_->drain_now();
  if (const auto it = own_.find(process); it != own_.end()) it->second->drain_now();
}

Result<std::size_t> NotifySockets::restore() {
  std::size_t restored = 0;
  HOLDFAST_TRY_ASSIGN(const bool shared, shared_->restore());
  if (shared) ++restored;
  if (!changes_.any()) return restored;
  for (const auto& [process, socket] : own_) {
    HOLDFAST_TRY_ASSIGN(const bool again, socket->restore());
    if (again) ++restored;
  }
  return restored;
}

NotifyCounters NotifySockets::counters() const {
  NotifyCounters total = former_;
  add_to(total, shared_->counters());
  for (const auto& [process, socket] : own_)
    add_to(total, socket->counters());
  return total;
}

}  // namespace holdfast::supervisor::sockets
