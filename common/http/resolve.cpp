// SPDX-License-Identifier: Apache-2.0
#include "common/http/resolve.hpp"

#include "common/net/ip_address.hpp"
#include "common/os/thread.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace holdfast::http {
namespace {

constexpr std::size_t kMaxAddresses = 4;

using Addresses = Result<std::vector<std::string>>;

Addresses look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return fail(ErrorKind::Unavailable, fmt::format("resolve {}: {}", host, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr && addresses.size() < kMaxAddresses;
       entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  if (addresses.empty()) return fail(ErrorKind::Unavailable, "resolve " + host + ": no address");
  return addresses;
}

struct Lookup {
  std::mutex mutex;
  std::condition_variable finished;
  std::optional<Addresses> answer;
};

}  // namespace

Addresses resolve(const std::string& host, MonoTime deadline) {
  if (net::IpAddress::parse(host)) return std::vector<std::string>{host};
  const auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([lookup, host] {
      prepare_thread("resolve");
      Addresses answer = look_up(host);
      const std::lock_guard lock(lookup->mutex);
      lookup->answer = std::move(answer);
      lookup->finished.notify_one();
    }).detach();
  } catch (const std::system_error& error) {
    return fail(ErrorKind::ResourceExhausted, fmt::format("resolve {}: {}", host, error.what()));
  }
  std::unique_lock lock(lookup->mutex);
  if (!lookup->finished.wait_until(lock, deadline, [&] { return lookup->answer.has_value(); })) {
    return fail(ErrorKind::DeadlineExceeded, fmt::format("resolve {}: no answer in time", host));
  }
  return std::move(*lookup->answer);
}

}  // namespace holdfast::http
