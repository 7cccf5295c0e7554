// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/listeners.hpp"

#include "common/config/reload.hpp"
#include "common/net/address.hpp"
#include "common/net/listen.hpp"
#include "common/protocol/names.hpp"
#include "common/protocol/variables.hpp"
#include "common/text/number.hpp"
#include "supervisor/sockets/passed_address.hpp"
#include "supervisor/sockets/socket_access.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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
// Both: systemd starts no socket unit whose service runs.
constexpr std::string_view kRestart =
    "`systemctl stop holdfast.service holdfast.socket && systemctl start holdfast.socket "
    "holdfast.service`";

std::string with_advice(const std::string& message) {
  return fmt::format("{}; restart its socket unit ({})", message, kRestart);
}

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

// PORT of the environment is part of the address of this one.
std::string address_key(const std::string& name) {
  return fmt::format("[listen.{}] address{}", name, name == protocol::kHttpFd ? " (or PORT)" : "");
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

constexpr std::size_t kMostFormer = 64;  // of those that nobody has any more

std::uint16_t port_of(const std::string& address) {
  const auto parsed = net::parse_listen_address(address);
  return parsed && parsed->kind != net::ListenAddress::Kind::Unix ? parsed->port : 0;
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
    std::string address = net::address_of(fd).value_or("");
    // systemd holds both, so clients of the one that is not served would wait for ever.
    if (const auto other = inherited_.find(name); other != inherited_.end()) {
      return fail(
          ErrorKind::InvalidArgument,
          fmt::format(
              "two sockets were passed under the name '{}', '{}' and '{}', and a listener "
              "has one: \"[::]:PORT\" takes IPv4 and IPv6; an address that replaces the "
              "former one in a drop-in of holdfast.socket follows an empty `ListenStream=`; "
              "one more belongs in a socket unit of its own, with Service=holdfast.service "
              "and FileDescriptorName=NAME for a [listen.NAME]",
              name, other->second.address, address));
    }
    HOLDFAST_TRY(set_cloexec(fd));
    HOLDFAST_TRY(set_nonblocking(fd));
    inherited_[name] =
        Inherited{Fd(fd), std::move(address), net::ListenerOptions::of(fd), net::backlog_of(fd)};
    ++fd;
  }
  return {};
}

Result<void> ListenerSet::check_names(const Wanted& wanted) const {
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

// Only who passed a socket can have it listen elsewhere. A difference from before, of which the
// start has warned, does not stand in the way of other changes.
Result<void> ListenerSet::check_addresses(const Wanted& wanted) const {
  for (const auto& [name, passed] : inherited_) {
    const std::string& address = wanted.at(name).address;
    const int fd = passed.socket.get();
    if (passed.configured.value_or(address) == address || listens_at(fd, passed.address, address))
      continue;
    return fail(
        ErrorKind::InvalidArgument,
        fmt::format("{} cannot become '{}': its socket was passed, and listens on {}; "
                    "change holdfast.socket as well, and restart both ({})",
                    address_key(name), address, describe_passed(fd, passed.address), kRestart));
  }
  return {};
}

std::vector<std::string> ListenerSet::differences() const {
  std::vector<std::string> result;
  for (const auto& [name, passed] : inherited_) {
    const int fd = passed.socket.get();
    if (!passed.configured || listens_at(fd, passed.address, *passed.configured)) continue;
    result.push_back(fmt::format(
        "{} is '{}', but its socket was passed, and listens on {}, where it is served: change "
        "either of them, [listen.{}] or holdfast.socket",
        address_key(name), *passed.configured, describe_passed(fd, passed.address), name));
  }
  return result;
}

Result<void> ListenerSet::check(const std::map<std::string, config::Listen>& wanted) {
  for (const auto& [name, listen] : wanted) {
    if (auto access = look_up_access(listen); !access) {
      return fail(of_listener(name, access.error()));
    }
  }
  return {};
}

Result<void> ListenerSet::apply(const Wanted& wanted) {
  HOLDFAST_TRY(check_names(wanted));
  HOLDFAST_TRY(check_addresses(wanted));
  std::map<std::string, Socket> next;
  for (const auto& [name, listen] : wanted) {
    if (inherited_.contains(name)) continue;
    const auto present = opened_.find(name);
    if (present != opened_.end() && present->second->config.address == listen.address) {
      next[name] = present->second;
      continue;
    }
    HOLDFAST_TRY_ASSIGN(next[name], take(name, listen, wanted));
  }
  HOLDFAST_TRY(change_access(next, wanted));
  for (const auto& [name, socket] : opened_) {
    const auto now = next.find(name);
    const bool same = now != next.end() && now->second == socket &&
                      config::digest_of(wanted.at(name)) == config::digest_of(socket->config);
    if (!same) remember(name, socket);
  }
  opened_ = std::move(next);
  forget_former();
  for (const auto& [name, listener] : opened_) {
    const config::Listen& now = wanted.at(name);
    // A second listen(2) changes the queue's length and nothing else.
    if (listener->config.backlog != now.backlog) {
      ::listen(listener->socket.get(),
               static_cast<int>(std::min<std::uint32_t>(now.backlog, 65535)));
    }
    listener->config = now;
  }
  for (auto& [name, passed] : inherited_)
    passed.configured = wanted.at(name).address;
  set_modes(wanted);
  return {};
}

std::vector<ListenerSet::Socket> ListenerSet::open_sockets() const {
  std::vector<Socket> result;
  for (const auto& [name, socket] : opened_)
    result.push_back(socket);
  for (const Former& former : former_) {
    Socket socket = former.socket.lock();
    if (socket != nullptr && std::find(result.begin(), result.end(), socket) == result.end())
      result.push_back(std::move(socket));
  }
  return result;
}

ListenerSet::Socket ListenerSet::find_at(const std::string& name,
                                         const config::Listen& listen) const {
  const auto address = net::parse_listen_address(listen.address);
  if (!address) return nullptr;
  if (address->kind != net::ListenAddress::Kind::Unix && address->port == 0) {
    // Any port will do, so a name gets the one again that it had.
    for (const Former& former : former_) {
      Socket socket = former.socket.lock();
      if (socket && former.name == name && former.config.address == listen.address) return socket;
    }
    return nullptr;
  }
  const std::string text = net::format_listen_address(*address);
  for (const Socket& socket : open_sockets()) {
    if (socket->address == text || socket->config.address == listen.address) return socket;
  }
  return nullptr;
}

std::string ListenerSet::keeper(const ListenerSocket& socket, const Wanted& wanted) const {
  for (const auto& [name, present] : opened_) {
    const auto now = wanted.find(name);
    if (present.get() == &socket && now != wanted.end() &&
        now->second.address == socket.config.address) {
      return name;
    }
  }
  return {};
}

Result<ListenerSet::Socket> ListenerSet::take(const std::string& name, const config::Listen& listen,
                                              const Wanted& wanted) const {
  Socket socket = find_at(name, listen);
  const std::string kept_as = socket ? keeper(*socket, wanted) : std::string();
  if (socket != nullptr && kept_as.empty()) return socket;
  const std::string key = address_key(name);
  if (port_of(listen.address) != 0 && !kept_as.empty()) {
    return fail(ErrorKind::Conflict,
                fmt::format("{}: '{}' is what [listen.{}] has", key, listen.address, kept_as));
  }
  Result<Socket> opened = open(listen, wanted);
  if (!opened) return fail(opened.error().with_context(key));
  if (const auto applied = apply_listener_access(listen); !applied)
    return fail(of_listener(name, applied.error()));
  return opened;
}

// The kernel takes an address that overlaps with another one ("0.0.0.0:80" and "127.0.0.1:80") for
// the same. One that is given up must not stand in the way for as long as a process has it.
Result<ListenerSet::Socket> ListenerSet::open(const config::Listen& listen,
                                              const Wanted& wanted) const {
  const std::uint16_t port = port_of(listen.address);
  std::vector<Socket> given_up;
  std::string kept;
  for (const Socket& socket : open_sockets()) {
    if (port == 0 || port_of(socket->address) != port) continue;
    const std::string name = keeper(*socket, wanted);
    if (name.empty()) {
      given_up.push_back(socket);
    } else {
      kept = fmt::format("; [listen.{}] has '{}'", name, socket->address);
    }
  }
  for (const Socket& socket : given_up)
    net::let_bind_beside(socket->socket.get(), true);
  auto opened = ListenerSocket::open(
      listen, given_up.empty() ? net::BoundBeside::Nothing : net::BoundBeside::OfSameUser);
  for (const Socket& socket : given_up)
    net::let_bind_beside(socket->socket.get(), false);
  if (opened || kept.empty() || opened.error().os_error != EADDRINUSE) return opened;
  return fail_errno(EADDRINUSE, fmt::format("listen on {}{}", listen.address, kept));
}

// All or nothing, as far as the system lets it be taken back.
Result<void> ListenerSet::change_access(const std::map<std::string, Socket>& sockets,
                                        const Wanted& wanted) {
  std::vector<Socket> changed;
  for (const auto& [name, socket] : sockets) {
    if (same_access(socket->config, wanted.at(name))) continue;
    changed.push_back(socket);
    const auto applied = apply_listener_access(wanted.at(name));
    if (applied) continue;
    for (const Socket& one : changed)
      std::ignore = apply_listener_access(one->config);
    return fail(of_listener(name, applied.error()));
  }
  return {};
}

void ListenerSet::remember(const std::string& name, const Socket& socket) {
  const std::size_t digest = config::digest_of(socket->config);
  std::erase_if(former_, [&](const Former& former) {
    return former.name == name && former.digest == digest;
  });
  former_.push_back({name, socket->config, digest, socket});
}

void ListenerSet::forget_former() {
  std::size_t unused = 0;
  for (auto it = former_.rbegin(); it != former_.rend(); ++it) {
    if (it->socket.expired() && ++unused > kMostFormer) it->name.clear();
  }
  std::erase_if(former_, [](const Former& former) { return former.name.empty(); });
}

Result<ListenerSet::Lent> ListenerSet::lend(const std::string& name,
                                            std::optional<std::size_t> made_with) {
  if (const auto it = inherited_.find(name); it != inherited_.end())
    return Lent{it->second.socket.get(), nullptr};
  const auto current = opened_.find(name);
  const bool serves = current != opened_.end() && current->second->socket;
  if (serves && (!made_with || config::digest_of(current->second->config) == *made_with))
    return Lent{current->second->socket.get(), current->second};
  const auto former = std::find_if(former_.begin(), former_.end(), [&](const Former& one) {
    return one.name == name && one.digest == made_with;
  });
  if (former == former_.end()) return fail_errno(ENOENT, "socket " + name);
  Socket socket = former->socket.lock();
  if (socket == nullptr) socket = find_at(name, former->config);
  if (socket == nullptr) {
    HOLDFAST_TRY_ASSIGN(socket, open(former->config, {}));
    HOLDFAST_TRY(apply_listener_access(former->config));
    socket->blocking = former->config.blocking;
    set_mode(*socket);
  }
  former->socket = socket;
  if (!socket->socket) return fail_errno(ENOENT, "socket " + name);
  return Lent{socket->socket.get(), socket};
}

bool ListenerSet::is_current(const Lease& lease) const {
  return std::any_of(opened_.begin(), opened_.end(),
                     [&](const auto& entry) { return entry.second == lease; });
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
    set(name, *listener);
}

std::vector<ListenerSet::Repair> ListenerSet::repair(const std::set<std::string>& held) {
  using Outcome = Repair::Outcome;
  std::vector<Repair> repairs;
  for (const auto& [name, listener] : inherited_) {
    if (!listener.blocking) set_mode(listener);
    const int fd = listener.socket.get();
    const auto options = listener.options.set_back(fd);
    if (!options.stuck.empty()) {
      repairs.push_back(
          {name, Outcome::Failed, with_advice(options.stuck + " is locked"), options.stuck});
    } else if (!options.undone.empty()) {
      repairs.push_back({name, Outcome::SetBack, {}, options.undone});
    }
    if (net::is_shut_down(fd)) {
      repairs.push_back(repair_inherited(name, listener));
    } else if (listener.backlog) {
      keep_backlog(fd, *listener.backlog);
    }
  }
  for (const auto& [name, opened] : opened_) {
    ListenerSocket& listener = *opened;
    if (!listener.blocking) set_mode(listener);
    if (held.contains(name)) continue;
    if (listener.file && !listener.file->in_place()) {
      repairs.push_back(replace_opened(name, listener));
      repairs.back().file_gone = true;
      continue;
    }
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
  return {name, Repair::Outcome::Failed, with_advice(again.error().message)};
}

ListenerSet::Repair ListenerSet::repair_opened(const std::string& name, ListenerSocket& listener) {
  if (listener.is_unix()) return replace_opened(name, listener);
  const auto again =
      net::listen_again(listener.socket.get(), listener.address, listener.config.backlog);
  if (again) return {name, Repair::Outcome::Revived};
  return {name, Repair::Outcome::Failed, again.error().message};
}

ListenerSet::Repair ListenerSet::replace_opened(const std::string& name, ListenerSocket& listener) {
  if (const auto replaced = listener.replace(); !replaced)
    return {name, Repair::Outcome::Failed, replaced.error().message};
  set_mode(listener);
  return {name, Repair::Outcome::Replaced};
}

void ListenerSet::close_opened() {
  for (const Socket& socket : open_sockets())
    socket->socket = Fd();
}

int ListenerSet::find(const std::string& name) const {
  if (const auto it = inherited_.find(name); it != inherited_.end()) return it->second.socket.get();
  const auto it = opened_.find(name);
  return it == opened_.end() ? -1 : it->second->socket.get();
}

std::string ListenerSet::address(const std::string& name) const {
  return net::address_of(find(name)).value_or("");
}

bool ListenerSet::inherited(const std::string& name) const {
  return inherited_.contains(name);
}

}  // namespace holdfast::supervisor::sockets
