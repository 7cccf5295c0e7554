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
constexpr std::uint32_t kInheritedBacklog = 1024;
constexpr const char* kAdvice = "; restart its socket unit (`systemctl restart holdfast.socket`)";

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

// Programs may have a longer queue. A Unix socket does not tell, so it gets what is configured.
void keep_backlog(int listener, std::uint32_t wanted) {
  const std::uint32_t backlog = std::min<std::uint32_t>(wanted, 65535);
  const auto now = net::backlog_of(listener);
  if (now && *now >= backlog) return;
  ::listen(listener, static_cast<int>(backlog));
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
    inherited_[name] =
        Inherited{Fd(fd), std::move(address), net::ListenerOptions::of(fd), net::backlog_of(fd)};
    ++fd;
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
    const auto options = net::ListenerOptions::of(socket->get());
    fresh[name] = Listener{std::move(*socket), listen, std::move(address), options};
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
  using Outcome = Repair::Outcome;
  std::vector<Repair> repairs;
  for (const auto& [name, listener] : inherited_) {
    if (!listener.blocking) set_mode(listener);
    const int fd = listener.socket.get();
    const auto options = listener.options.set_back(fd);
    if (!options.stuck.empty()) {
      repairs.push_back({name, Outcome::Failed,
                         fmt::format("{} is locked{}", options.stuck, kAdvice), options.stuck});
    } else if (!options.undone.empty()) {
      repairs.push_back({name, Outcome::SetBack, {}, options.undone});
    }
    if (net::is_shut_down(fd)) {
      repairs.push_back(repair_inherited(name, listener));
    } else if (listener.backlog) {
      keep_backlog(fd, *listener.backlog);
    }
  }
  for (auto& [name, listener] : opened_) {
    if (!listener.blocking) set_mode(listener);
    const auto options = listener.options.set_back(listener.socket.get());
    if (!options.stuck.empty()) {
      repairs.push_back(replace_opened(name, listener));
      repairs.back().options = options.stuck;
      continue;
    }
    if (!options.undone.empty()) repairs.push_back({name, Outcome::SetBack, {}, options.undone});
    if (net::is_shut_down(listener.socket.get())) {
      repairs.push_back(repair_opened(name, listener));
    } else {
      keep_backlog(listener.socket.get(), listener.config.backlog);
    }
  }
  return repairs;
}

ListenerSet::Repair ListenerSet::repair_inherited(const std::string& name,
                                                  const Inherited& listener) {
  const auto again = net::listen_again(listener.socket.get(), listener.address,
                                       listener.backlog.value_or(kInheritedBacklog));
  if (again) return {name, Repair::Outcome::Revived};
  return {name, Repair::Outcome::Failed, again.error().message + kAdvice};
}

ListenerSet::Repair ListenerSet::repair_opened(const std::string& name, Listener& listener) {
  if (listener.address.starts_with("unix:")) return replace_opened(name, listener);
  const auto again =
      net::listen_again(listener.socket.get(), listener.address, listener.config.backlog);
  if (again) return {name, Repair::Outcome::Revived};
  return {name, Repair::Outcome::Failed, again.error().message};
}

ListenerSet::Repair ListenerSet::replace_opened(const std::string& name, Listener& listener) {
  const bool is_unix = listener.address.starts_with("unix:");
  if (!is_unix) {
    // The address is free once the former socket no longer listens, whoever still has it.
    const int on = 1;
    std::ignore = ::setsockopt(listener.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::shutdown(listener.socket.get(), SHUT_RDWR);
  }
  Result<Fd> fresh = net::open_listener(is_unix ? listener.config.address : listener.address,
                                        listener.config.backlog);
  if (!fresh) return {name, Repair::Outcome::Failed, fresh.error().message};
  if (const auto access = set_access(name, listener.config); !access)
    return {name, Repair::Outcome::Failed, access.error().message};
  listener.socket = std::move(*fresh);
  listener.options = net::ListenerOptions::of(listener.socket.get());
  set_mode(listener);
  return {name, Repair::Outcome::Replaced};
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
