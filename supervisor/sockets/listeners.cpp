// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/listeners.hpp"

#include "common/net/address.hpp"
#include "common/net/listen.hpp"
#include "common/protocol/names.hpp"
#include "common/protocol/variables.hpp"
#include "common/text/number.hpp"
#include "supervisor/sockets/socket_access.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace holdfast::supervisor::sockets {

namespace {

constexpr int kFirstPassed = 3;  // SD_LISTEN_FDS_START
constexpr int kMostPassed = 1024;

// Returns the variable's value and removes it from the environment.
std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string result = value == nullptr ? "" : value;
  ::unsetenv(name);
  return result;
}

std::vector<std::string> split_names(const std::string& text, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t from = 0; from <= text.size() && names.size() < count && !text.empty();) {
    const std::size_t colon = std::min(text.find(':', from), text.size());
    names.push_back(text.substr(from, colon - from));
    from = colon + 1;
  }
  names.resize(count, "unknown");  // like sd_listen_fds_with_names(3)
  return names;
}

Error of_listener(const std::string& name, Error error) {
  error.message = fmt::format("[listen.{}] {}", name, error.message);
  return error;
}

void set_mode(const auto& listener) {
  const int fd = listener.socket.get();
  std::ignore = listener.blocking ? set_blocking(fd) : set_nonblocking(fd);
}

bool same_access(const config::Listen& one, const config::Listen& other) {
  return one.owner == other.owner && one.group == other.group && one.mode == other.mode;
}

}  // namespace

Result<void> ListenerSet::adopt_from_environment() {
  const std::string pid = take_variable(protocol::kListenPid);
  const std::string fds = take_variable(protocol::kListenFds);
  const std::string names = take_variable(protocol::kListenFdNames);
  if (pid.empty() || text::parse_number<int>(pid) != ::getpid()) return {};
  const auto count = text::parse_number<int>(fds);
  if (!count || *count < 0 || *count > kMostPassed) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{}='{}' is not a number from 0 to {}",
                                                        protocol::kListenFds, fds, kMostPassed));
  }
  return adopt(kFirstPassed, split_names(names, static_cast<std::size_t>(*count)));
}

Result<void> ListenerSet::adopt(int first, const std::vector<std::string>& names) {
  for (int fd = first; const std::string& name : names) {
    int listening = 0;
    socklen_t size = sizeof listening;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("descriptor {}, passed as '{}', is not a listening "
                              "stream socket (in holdfast.socket: ListenStream=, Accept=no)",
                              fd, name));
    }
    HOLDFAST_TRY(set_cloexec(fd));
    HOLDFAST_TRY(set_nonblocking(fd));
    std::string address = net::address_of(fd).value_or("");
    inherited_[name] = Inherited{Fd(fd++), std::move(address)};
  }
  return {};
}

Result<void> ListenerSet::check_names(const std::map<std::string, config::Listen>& wanted) const {
  for (const auto& [name, socket] : inherited_) {
    if (wanted.contains(name)) continue;
    return fail(
        ErrorKind::InvalidArgument,
        fmt::format("a socket was passed under the name '{}', and there is no [listen.{}]: name "
                    "it after a listener (in holdfast.socket: FileDescriptorName=http)",
                    name, name));
  }
  return {};
}

Result<void> ListenerSet::check(const std::map<std::string, config::Listen>& wanted) {
  for (const auto& [name, listen] : wanted) {
    if (auto access = look_up_access(listen); !access) {
      return fail(of_listener(name, access.error()));
    }
  }
  return {};
}

Result<void> ListenerSet::set_access(const std::string& name, const config::Listen& listen) {
  HOLDFAST_TRY_ASSIGN(const net::ListenAddress address, net::parse_listen_address(listen.address));
  if (address.kind != net::ListenAddress::Kind::Unix) return {};
  const auto applied = look_up_access(listen).and_then(
      [&](const SocketAccess& access) { return apply_access(address.path, access); });
  if (!applied) return fail(of_listener(name, applied.error()));
  return {};
}

Result<void> ListenerSet::apply(const std::map<std::string, config::Listen>& wanted) {
  std::map<std::string, Listener> fresh;
  for (const auto& [name, listen] : wanted) {
    if (inherited_.contains(name)) continue;
    const auto present = opened_.find(name);
    if (present != opened_.end() && present->second.config.address == listen.address) continue;
    Result<Fd> socket = net::open_listener(listen.address, listen.backlog);
    if (!socket) {
      return fail(socket.error().with_context(fmt::format(
          "[listen.{}] address{}", name, name == protocol::kHttpFd ? " (or PORT)" : "")));
    }
    HOLDFAST_TRY(set_access(name, listen));
    std::string address = net::address_of(socket->get()).value_or("");
    fresh[name] = Listener{std::move(*socket), listen, std::move(address)};
  }
  for (const auto& [name, listener] : opened_) {
    const auto now = wanted.find(name);
    if (now == wanted.end() || fresh.contains(name) || same_access(listener.config, now->second))
      continue;
    HOLDFAST_TRY(set_access(name, now->second));
  }
  std::erase_if(opened_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  for (auto& [name, listener] : fresh)
    opened_[name] = std::move(listener);
  for (auto& [name, listener] : opened_) {
    const config::Listen& now = wanted.at(name);
    // A second listen(2) changes the queue's length and nothing else.
    if (listener.config.backlog != now.backlog) {
      ::listen(listener.socket.get(),
               static_cast<int>(std::min<std::uint32_t>(now.backlog, 65535)));
    }
    listener.config = now;
  }
  set_modes(wanted);
  return {};
}

void ListenerSet::set_modes(const std::map<std::string, config::Listen>& wanted) {
  const auto set = [&](const std::string& name, auto& listener) {
    const auto now = wanted.find(name);
    const bool blocking = now != wanted.end() && now->second.blocking;
    if (std::exchange(listener.blocking, blocking) != blocking) set_mode(listener);
  };
  for (auto& [name, listener] : inherited_)
    set(name, listener);
  for (auto& [name, listener] : opened_)
    set(name, listener);
}

std::vector<ListenerSet::Repair> ListenerSet::repair() {
  std::vector<Repair> repairs;
  for (const auto& [name, listener] : inherited_) {
    if (!listener.blocking) set_mode(listener);
    if (net::is_shut_down(listener.socket.get()))
      repairs.push_back(repair_inherited(name, listener));
  }
  for (auto& [name, listener] : opened_) {
    if (!listener.blocking) set_mode(listener);
    if (net::is_shut_down(listener.socket.get())) repairs.push_back(repair_opened(name, listener));
  }
  return repairs;
}

ListenerSet::Repair ListenerSet::repair_inherited(const std::string& name,
                                                  const Inherited& listener) {
  constexpr std::uint32_t kBacklog = 1024;
  const auto again = net::listen_again(listener.socket.get(), listener.address, kBacklog);
  if (again) return {name, Repair::Outcome::Revived, {}};
  return {
      name, Repair::Outcome::Failed,
      again.error().message + "; restart its socket unit (`systemctl restart holdfast.socket`)"};
}

ListenerSet::Repair ListenerSet::repair_opened(const std::string& name, Listener& listener) {
  if (!listener.address.starts_with("unix:")) {
    const auto again =
        net::listen_again(listener.socket.get(), listener.address, listener.config.backlog);
    if (again) return {name, Repair::Outcome::Revived, {}};
    return {name, Repair::Outcome::Failed, again.error().message};
  }
  Result<Fd> fresh = net::open_listener(listener.config.address, listener.config.backlog);
  if (!fresh) return {name, Repair::Outcome::Failed, fresh.error().message};
  if (const auto access = set_access(name, listener.config); !access)
    return {name, Repair::Outcome::Failed, access.error().message};
  listener.socket = std::move(*fresh);
  set_mode(listener);
  return {name, Repair::Outcome::Replaced, {}};
}

void ListenerSet::close_opened() {
  opened_.clear();
}

int ListenerSet::find(const std::string& name) const {
  if (const auto it = inherited_.find(name); it != inherited_.end()) return it->second.socket.get();
  const auto it = opened_.find(name);
  return it == opened_.end() ? -1 : it->second.socket.get();
}

std::string ListenerSet::address(const std::string& name) const {
  return net::address_of(find(name)).value_or("");
}

bool ListenerSet::inherited(const std::string& name) const {
  return inherited_.contains(name);
}

}  // namespace holdfast::supervisor::sockets
