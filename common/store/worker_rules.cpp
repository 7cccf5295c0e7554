// SPDX-License-Identifier: Apache-2.0
#include "common/store/worker_rules.hpp"

#include "common/os/file.hpp"
#include "common/os/proc.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace holdfast::store {

namespace {

// Empty in many containers, which then differ by their hostnames.
std::string machine_id() {
  auto id = read_file("/etc/machine-id", 256);
  if (!id) return {};
  while (!id->empty() && id->back() == '\n')
    id->pop_back();
  return std::move(*id);
}

}  // namespace

Result<HostIdentity> this_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return fail_errno(errno, "gethostname");
  HOLDFAST_TRY_ASSIGN(std::string boot, boot_id());
  return HostIdentity{fmt::format("{}/{}", name.data(), machine_id()), std::move(boot)};
}

bool on_host(const WorkerRecord& worker, const HostIdentity& here) {
  return worker.where.host.empty() || worker.where.host == here.host;
}

bool in_this_boot(const WorkerRecord& worker, const HostIdentity& here) {
  return on_host(worker, here) && worker.where.boot == here.boot;
}

std::optional<std::string_view> reason_lost(const WorkerRecord& worker, const HostIdentity& here,
                                            Now now) {
  // Containers of one machine share its boot, and with it the monotonic clock.
  if (worker.where.boot == here.boot) {
    if (worker.lease_until_mono < now.mono) return "lease expired";
    return std::nullopt;
  }
  if (on_host(worker, here)) return "the machine was restarted";
  if (worker.lease_until_wall < now.wall) return "lease expired";
  return std::nullopt;
}

}  // namespace holdfast::store
