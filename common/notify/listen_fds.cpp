// SPDX-License-Identifier: Apache-2.0
#include "common/notify/listen_fds.hpp"

#include "common/protocol/variables.hpp"
#include "common/text/number.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <limits>
#include <optional>

namespace holdfast::notify {

namespace {

constexpr int kMost = 4096;  // far above any real use: limits the work that a typo can cause

const std::string* find(const Environ& environ, const char* name) {
  const auto found = environ.find(name);
  return found == environ.end() ? nullptr : &found->second;
}

Result<int> parse_int(const char* name, const std::string& text, int min, int max) {
  const auto value = text::parse_number<int>(text);
  if (!value || *value < min || *value > max) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{}='{}' is not a number from {} to {}", name, text, min, max));
  }
  return *value;
}

Result<std::vector<std::string>> read_names(const Environ& environ, int count) {
  const std::string* const text = find(environ, protocol::kListenFdNames);
  if (text == nullptr) return std::vector<std::string>(static_cast<std::size_t>(count), "unknown");
  std::vector<std::string> names(1);
  for (const char c : *text) {
    if (c == ':') {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  if (names.size() != static_cast<std::size_t>(count)) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{}='{}' has {} names for {} descriptors", protocol::kListenFdNames,
                            *text, names.size(), count));
  }
  for (std::string& name : names) {
    if (name.empty()) name = "unknown";
  }
  return names;
}

bool is_stream_listener(int fd) {
  const auto is = [fd](int option, int wanted) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
  };
  return is(SO_ACCEPTCONN, 1) && is(SO_TYPE, SOCK_STREAM);
}

}  // namespace

Result<std::vector<NamedFd>> take_listen_fds(const Environ& environ, pid_t pid, int first) {
  const std::string* const listen_pid = find(environ, protocol::kListenPid);
  const std::string* const listen_fds = find(environ, protocol::kListenFds);
  std::vector<NamedFd> taken;
  if (listen_pid == nullptr || listen_fds == nullptr) return taken;
  HOLDFAST_TRY_ASSIGN(const int meant_for, parse_int(protocol::kListenPid, *listen_pid, 1,
                                                     std::numeric_limits<int>::max()));
  if (meant_for != pid) return taken;
  HOLDFAST_TRY_ASSIGN(const int count, parse_int(protocol::kListenFds, *listen_fds, 0, kMost));
  if (count == 0) return taken;
  HOLDFAST_TRY_ASSIGN(std::vector<std::string> names, read_names(environ, count));

  // All are checked before one is owned, so that a wrong count never closes what is not ours.
  for (int fd = first; fd < first + count; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    const int os_error = errno;
    return fail(
        Error{ErrorKind::InvalidArgument,
              fmt::format("{}={}, but descriptor {} is not open", protocol::kListenFds, count, fd),
              os_error});
  }
  for (int i = 0; i < count; ++i) {
    (void)set_cloexec(first + i);  // it is open, so this cannot fail
    taken.push_back({std::move(names[static_cast<std::size_t>(i)]), Fd(first + i)});
  }
  return taken;
}

std::vector<NamedFd> take_listeners(std::vector<NamedFd>& fds,
                                    const std::function<bool(std::string_view)>& keep) {
  const auto first = std::stable_partition(fds.begin(), fds.end(), [&](const NamedFd& named) {
    return keep(named.name) || !is_stream_listener(named.fd.get());
  });
  std::vector<NamedFd> taken(std::make_move_iterator(first), std::make_move_iterator(fds.end()));
  fds.erase(first, fds.end());
  return taken;
}

Fd take_named(std::vector<NamedFd>& fds, std::string_view name) {
  const auto found = std::find_if(fds.begin(), fds.end(),
                                  [&](const NamedFd& named) { return named.name == name; });
  if (found == fds.end()) return {};
  Fd fd = std::move(found->fd);
  fds.erase(found);
  return fd;
}

}  // namespace holdfast::notify
