// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/notify_socket.hpp"

#include "common/net/listen.hpp"

#include <boost/asio/steady_timer.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace holdfast::supervisor::sockets {

namespace {

// A flooding worker must not starve the loop, nor keep it busy: no honest one says so much.
constexpr int kPerTurn = 256;
constexpr Duration kPause = std::chrono::milliseconds(20);
constexpr int kPerDrain = 4096;          // above any usual net.unix.max_dgram_qlen
constexpr std::size_t kMostSockets = 4;  // the present one and former ones

// With room for whatever may come: the kernel itself closes what has none, in this thread.
struct Control {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred)) +
                                        CMSG_SPACE(sizeof(int) * FdCloser::kMostAtOnce)> bytes{};
};

// Returns the sender's pid, or 0 if the kernel did not report it. Descriptors that came along are
// not wanted: the protocol does not use them, and keeping them would let a worker exhaust ours.
pid_t take_control(msghdr& message, FdCloser& closer) {
  pid_t sender = 0;
  std::vector<Fd> unwanted;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len >= CMSG_LEN(sizeof(ucred))) {
      ucred credentials;
      std::memcpy(&credentials, CMSG_DATA(c), sizeof credentials);
      sender = credentials.pid;
    } else if (c->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
        unwanted.emplace_back(fd);
      }
    }
  }
  closer.close(std::move(unwanted));
  return sender;
}

// The wait for a message holds the socket, too.
void close_now(boost::asio::posix::stream_descriptor& socket) {
  boost::system::error_code ignored;
  socket.close(ignored);
}

Result<Fd> bind_socket(const std::filesystem::path& path, mode_t mode) {
  // sd_notify_barrier(3) sends one along and waits for it to be closed, which is not done here.
  HOLDFAST_TRY_ASSIGN(Fd socket,
                      net::bind_unix_socket(SOCK_DGRAM, path, mode, net::Descriptors::Taken));
  const int on = 1;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return fail_errno(errno, "setsockopt(SO_PASSCRED)");
  }
  return socket;
}

}  // namespace

Result<std::unique_ptr<NotifySocket>> NotifySocket::open(boost::asio::io_context& io,
                                                         const std::filesystem::path& path,
                                                         mode_t mode, Lookup lookup,
                                                         OnMessage on_message,
                                                         OnForeign on_foreign) {
  HOLDFAST_TRY_ASSIGN(Fd socket, bind_socket(path, mode));
  return std::make_unique<NotifySocket>(io, socket.release(), path, mode, std::move(lookup),
                                        std::move(on_message), std::move(on_foreign));
}

NotifySocket::NotifySocket(boost::asio::io_context& io, int socket, std::filesystem::path path,
                           mode_t mode, Lookup lookup, OnMessage on_message, OnForeign on_foreign)
    : io_(io),
      path_(std::move(path)),
      mode_(mode),
      file_(file_id(path_)),
      lookup_(std::move(lookup)),
      on_message_(std::move(on_message)),
      on_foreign_(std::move(on_foreign)) {
  watch(sockets_.emplace_front(std::make_shared<Descriptor>(io_, socket)));
}

NotifySocket::~NotifySocket() {
  for (const auto& socket : sockets_)
    close_now(*socket);
  remove_if_same(path_, file_);
}

// A socket that is dropped is closed, which ends its wait with an error.
void NotifySocket::watch(const std::shared_ptr<Descriptor>& socket) {
  socket->async_wait(Descriptor::wait_read, [this, socket, alive = std::weak_ptr<char>(alive_)](
                                                boost::system::error_code error) {
    if (error || alive.expired()) return;
    if (read_up_to(*socket, kPerTurn)) {
      pause(socket);
    } else {
      watch(socket);
    }
  });
}

void NotifySocket::pause(const std::shared_ptr<Descriptor>& socket) {
  auto timer = std::make_shared<boost::asio::steady_timer>(io_, kPause);
  timer->async_wait([this, socket, timer,
                     alive = std::weak_ptr<char>(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired() && socket->is_open()) watch(socket);
  });
}

Result<bool> NotifySocket::restore() {
  if (file_ && file_id(path_) == file_) return false;
  HOLDFAST_TRY_ASSIGN(Fd socket, bind_socket(path_, mode_));
  file_ = file_id(path_);
  if (owner_) HOLDFAST_TRY(give_to(owner_->first, owner_->second));
  watch(sockets_.emplace_front(std::make_shared<Descriptor>(io_, socket.release())));
  if (sockets_.size() > kMostSockets) {
    close_now(*sockets_.back());
    sockets_.pop_back();
  }
  return true;
}

// Whoever may write in a directory above can put another one in the place of ours.
Result<HeldFile> NotifySocket::hold_file() const {
  HOLDFAST_TRY_ASSIGN(HeldFile file, HeldFile::hold(path_));
  const FileId found{file.info().st_dev, file.info().st_ino};
  if (S_ISSOCK(file.info().st_mode) && file_ == found) return file;
  return fail(ErrorKind::Conflict,
              fmt::format("'{}' is another file than the one that was made", path_.native()));
}

Result<void> NotifySocket::let_others_send() {
  mode_ = kAnyUser;
  HOLDFAST_TRY_ASSIGN(const HeldFile file, hold_file());
  return file.set_mode(kAnyUser);
}

Result<void> NotifySocket::give_to(uid_t user, gid_t group) {
  owner_.emplace(user, group);
  HOLDFAST_TRY_ASSIGN(const HeldFile file, hold_file());
  return file.give_to(user, group);
}

void NotifySocket::drain_now() {
  // A copy: a message may lead to restore().
  for (const auto& socket : std::list(sockets_))
    read_up_to(*socket, kPerDrain);
}

bool NotifySocket::read_up_to(Descriptor& socket, int count) {
  for (; count > 0; --count) {
    if (!closer_.has_room()) return true;
    if (!read_one(socket)) return false;
  }
  return true;
}

bool NotifySocket::read_one(Descriptor& socket) {
  std::array<char, kMaxNotifyBytes> text;
  Control control;
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const ssize_t size = ::recvmsg(socket.native_handle(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return errno == EINTR;

  const pid_t sender = take_control(message, closer_);
  const auto process = sender > 0 ? lookup_(sender) : std::nullopt;
  const auto parsed = (message.msg_flags & MSG_TRUNC) != 0
                          ? std::nullopt
                          : parse_notify({text.data(), static_cast<std::size_t>(size)});
  if (!process) {
    ++counters_.foreign;
    if (parsed && sender > 0 && on_foreign_) on_foreign_(sender, *parsed);
    return true;
  }
  if (!parsed) {
    ++counters_.garbage;
    return true;
  }
  ++counters_.messages;
  on_message_(*process, *parsed);
  return true;
}

}  // namespace holdfast::supervisor::sockets
