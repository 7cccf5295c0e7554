// SPDX-License-Identifier: Apache-2.0
#pragma once

// ListenerSet: the public listening sockets by name. They are opened once and passed to every
// incarnation of every worker, so that connections wait in the backlog, and none is refused, while
// workers restart. A socket that systemd passed under a listener's name replaces the one that would
// be opened from the configuration.
//
// A listener that a reload has given up, or whose address it has changed, stays open for as long as
// somebody has its lease: a process that was started with it still serves there, and is restarted
// there until its turn in the reload comes. A file that names the address again gets that socket.
//
// Threads: the main loop's. Owns the sockets; find() lends them.

#include "common/base/result.hpp"
#include "common/config/config.hpp"
#include "common/net/listener_options.hpp"
#include "common/os/fd.hpp"
#include "supervisor/sockets/listener_socket.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor::sockets {

class ListenerSet {
 public:
  // Takes ownership of the sockets that LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES describe
  // (sd_listen_fds(3)) if they are addressed to this process, and removes the variables from the
  // environment. Call at start, before any thread exists.
  Result<void> adopt_from_environment();
  // The same for the descriptors from `first` upward, one for each name.
  Result<void> adopt(int first, const std::vector<std::string>& names);

  // Whether the accounts that own the sockets exist, and may be given to. For check-config.
  static Result<void> check(const std::map<std::string, config::Listen>& wanted);

  // Opens and closes sockets to match the configuration. All or nothing: after an error nothing has
  // changed. A socket whose address is unchanged stays open, whatever its listener is called.
  // InvalidArgument if a socket was passed under a name that no listener has: nobody would ever
  // accept its connections, and the next start would be refused. Likewise if the address of such a
  // socket is changed to one where it does not listen.
  Result<void> apply(const std::map<std::string, config::Listen>& wanted);

  // A warning for each socket that was passed and listens elsewhere than the configuration in force
  // says.
  std::vector<std::string> differences() const;

  // Whatever a program that shares a listener has done to it: makes it non-blocking again, unless
  // it is configured as blocking, gives it back its backlog and the options of ListenerOptions, and
  // makes what was shut down listen again. A TCP socket comes back for all who have it. A Unix
  // socket that was shut down, or whose file is gone, and a TCP socket with options that cannot be
  // set back, are made anew, and those who have the former one need a restart.
  struct Repair {
    enum class Outcome { Revived, SetBack, Replaced, Failed };
    std::string name;
    Outcome outcome = Outcome::Failed;
    std::string why = {};      // of Failed
    std::string options = {};  // that had made it deaf; empty: it was shut down
    bool file_gone = false;    // a Unix socket's: that is what has happened
  };
  // `held`: what is left alone this time, as it has been made anew just now. Only what was opened
  // here is ever made anew.
  std::vector<Repair> repair(const std::set<std::string>& held = {});

  // Closes what was opened here, so that only the workers' copies are left; find() no longer
  // returns them. Sockets from systemd stay open: systemd has them too. The files of Unix sockets
  // stay as long as the object or a lease.
  void close_opened();

  using Lease = std::shared_ptr<const ListenerSocket>;
  struct Lent {
    int socket = -1;
    Lease lease;  // null: the socket is systemd's
  };
  // For a process that is started. `made_with`: the digest_of() its configuration; nothing: as it
  // is now. What was given up since, and nobody has any more, is opened again.
  Result<Lent> lend(const std::string& name, std::optional<std::size_t> made_with);
  // Whether the configuration in force has it.
  bool is_current(const Lease& lease) const;

  int find(const std::string& name) const;             // -1 if there is none
  std::string address(const std::string& name) const;  // where it listens; "" if unknown
  bool inherited(const std::string& name) const;

 private:
  // A program may choose the mode of a blocking listener after that, so it is set here only.
  void set_modes(const std::map<std::string, config::Listen>& wanted);

  using Socket = std::shared_ptr<ListenerSocket>;
  using Wanted = std::map<std::string, config::Listen>;
  // What a listener was until a reload changed it.
  struct Former {
    std::string name;
    config::Listen config;
    std::size_t digest = 0;
    std::weak_ptr<ListenerSocket> socket;
  };

  Result<void> check_names(const Wanted& wanted) const;
  Result<void> check_addresses(const Wanted& wanted) const;
  std::vector<Socket> open_sockets() const;
  Socket find_at(const std::string& name, const config::Listen& listen) const;
  // The name of the listener that has this socket now and keeps it; "" if there is none.
  std::string keeper(const ListenerSocket& socket, const Wanted& wanted) const;
  Result<Socket> take(const std::string& name, const config::Listen& listen,
                      const Wanted& wanted) const;
  Result<Socket> open(const config::Listen& listen, const Wanted& wanted) const;
  static Result<void> change_access(const std::map<std::string, Socket>& sockets,
                                    const Wanted& wanted);
  void remember(const std::string& name, const Socket& socket);
  void forget_former();

  struct Inherited {
    Fd socket;
    std::string address;
    net::ListenerOptions options{};
    std::optional<unsigned> backlog{};
    bool blocking = false;                    // as it was set last
    std::optional<std::string> configured{};  // the address in force; nothing before the first
  };
  static Repair repair_inherited(const std::string& name, const Inherited& listener);
  static Repair repair_opened(const std::string& name, ListenerSocket& listener);
  static Repair replace_opened(const std::string& name, ListenerSocket& listener);

  std::map<std::string, Inherited> inherited_;
  std::map<std::string, Socket> opened_;
  std::vector<Former> former_;
};

}  // namespace holdfast::supervisor::sockets
