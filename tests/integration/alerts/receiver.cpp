// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/alerts/receiver.hpp"

#include "common/text/ascii.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>

namespace holdfast::test {

namespace {

// Of the request's head; 0: none.
std::size_t content_length(const std::string& head) {
  const std::string lower = text::to_lower(head);
  const std::string name = "\r\ncontent-length:";
  const auto at = lower.find(name);
  return at == std::string::npos ? 0 : std::stoul(lower.substr(at + name.size()));
}

}  // namespace

AlertReceiver::AlertReceiver() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (!listener_ || ::bind(listener_.get(), generic, length) != 0 ||
      ::listen(listener_.get(), 16) != 0 || ::getsockname(listener_.get(), generic, &length) != 0)
    throw std::runtime_error("no receiver of alerts");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

AlertReceiver::~AlertReceiver() {
  stop_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);  // ends accept()
  thread_.join();
}

std::string AlertReceiver::url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/";
}

void AlertReceiver::serve() {
  while (!stop_) {
    const Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) handle(connection.get());
  }
}

void AlertReceiver::handle(int connection) {
  std::string request;
  std::array<char, 65536> buffer{};
  for (;;) {
    const auto head_end = request.find("\r\n\r\n");
    if (head_end != std::string::npos &&
        request.size() >= head_end + 4 + content_length(request.substr(0, head_end + 2)))
      break;
    const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    request.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const int status = status_;
  if (status == 200) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(
        nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4), nullptr, false));
  }
  const std::string answer =
      "HTTP/1.1 " + std::to_string(status) + " -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  const ssize_t sent = ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
  if (sent > 0) ++requests_;
}

std::vector<nlohmann::json> AlertReceiver::alerts() const {
  std::vector<nlohmann::json> result;
  const std::lock_guard lock(mutex_);
  for (const nlohmann::json& message : messages_) {
    if (!message.is_object() || !message.contains("alerts")) continue;
    for (const nlohmann::json& alert : message["alerts"])
      result.push_back(alert);
  }
  return result;
}

std::size_t AlertReceiver::count(const std::string& name, const std::string& status) const {
  std::size_t number = 0;
  for (const nlohmann::json& alert : alerts()) {
    number += alert["labels"].value("alertname", "") == name && alert.value("status", "") == status
                  ? 1
                  : 0;
  }
  return number;
}

}  // namespace holdfast::test
