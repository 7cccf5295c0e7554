// SPDX-License-Identifier: Apache-2.0
#pragma once

// CircuitBreaker: whether a server is worth asking now (M. Nygard, "Release It!", 2007).
//
//            failures in a row, or clear evidence
//   closed ------------------------------------------> open
//     ^  ^                                              |
//     |  |             it is time                       v
//     |  +---- success ---- probing (one request) <---- waits, longer each time
//     |                        |  failure: open again
//   limited: closed, but asked to wait for a while (429). That is no outage, unless the server says
//   so again and again, for `outage_after` without one success: then it opens. In a long while
//   there is a probe after each `longest_wait`, for the server may have asked for more than it
//   needs.
//
// Threads: one owner. Pure: the time and the random numbers are the caller's.

#include "common/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace holdfast::embedding {

class CircuitBreaker {
 public:
  struct Settings {
    std::uint32_t failures = 5;  // in a row: it opens
    Duration first_wait = std::chrono::seconds(1);
    Duration longest_wait = std::chrono::seconds(60);
    Duration longest_limit = std::chrono::hours(1);  // that a server can ask for
    Duration outage_after = std::chrono::minutes(5);
  };
  enum class Permit {
    Go,
    Probe,  // go, alone; report how it ended, or that it was given up
    No,
  };
  struct View {
    bool up = true;
    bool limited = false;
    bool takes = true;       // the next request would get Go
    bool may_probe = false;  // the next request would be a probe
    Duration wait{};         // until it is asked again, or until it is clear how a probe has ended
    std::string reason{};
  };

  CircuitBreaker() = default;
  explicit CircuitBreaker(const Settings& settings) : settings_(settings) {}

  Permit ask(MonoTime now);
  // How a request ended that ask() let go. `random`: uniform in [0, 1).
  void succeeded();
  void failed(MonoTime now, const std::string& reason, double random);
  // There is no doubt that it is down, or wrongly configured.
  void open(MonoTime now, const std::string& reason, double random);
  // The server asks to be left alone. Without a wait of its own, it grows; so it does if the server
  // refuses again after the wait that it asked for.
  void limited(MonoTime now, std::optional<Duration> wait, const std::string& reason,
               double random);
  // A request ended without saying anything about the server.
  void given_up();

  View view(MonoTime now) const;

 private:
  const Settings settings_{};
  bool open_ = false;
  bool probing_ = false;
  std::uint32_t failures_ = 0;  // in a row
  std::int32_t openings_ = 0;   // since the last success
  std::int32_t limits_ = 0;     // since the last success
  MonoTime until_{};            // open: of the wait
  MonoTime limited_since_{};    // the first refusal since the last success, if limits_ > 0
  MonoTime limited_until_{};
  MonoTime limited_probe_{};  // limited: when there may be a probe
  std::string reason_;
  std::string limit_reason_;
};

}  // namespace holdfast::embedding
