// SPDX-License-Identifier: Apache-2.0
#pragma once

// Servers: where the servers of a URL are, and in which order they are tried. libpq would go from
// one to the next by itself, but driven without blocking it knows no time limit: the first that is
// silent would be the last. So each attempt here is at one address of one host, and the caller
// bounds it.
//
// The one that was connected to last is tried first, and those that have been silent within the
// last minute are tried last, so that a silent server does not delay every connection anew.
//
// `target_session_attrs` is judged by libpq at each server. `prefer-standby` takes two rounds, as
// it does in libpq: one for standbys, one for any server.
//
// Threads: any, concurrently.

#include "common/base/result.hpp"
#include "common/store/postgres/libpq.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::store::postgres {

// Each "" where the URL's own is to be taken.
struct Server {
  std::string host;
  std::string address;  // numeric
  std::string port;

  bool operator==(const Server&) const = default;
};

struct Attempt {
  Server server;
  const char* session = nullptr;  // instead of the URL's target_session_attrs
  int servers = 1;                // that libpq may have to try in this one
  std::string unresolved;         // why there is no address to try
};

class Servers {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // As of now, by the URL, its service file and the environment. Names are resolved, for which the
  // C library sets its own time limits. Never empty.
  std::vector<Attempt> attempts(const std::string& url, Time now) const;

  void note_connected(const Server& server);
  void note_silence(const Server& server, Time now);

 private:
  mutable std::mutex mutex_;
  // The rest is guarded by mutex_.
  std::optional<Server> last_;
  std::vector<std::pair<Server, Time>> silent_;  // until when each counts as silent
};

// libpq's part of an attempt. Null: out of memory.
PGconn* begin_to_connect(const std::string& url, const Attempt& attempt,
                         const std::string& silence);

}  // namespace holdfast::store::postgres
