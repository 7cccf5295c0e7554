// SPDX-License-Identifier: Apache-2.0
#pragma once

// CrashStore: keeps crash reports, STATE_DIR/crashes/ID.json, over restarts of the supervisor.
//
// The oldest reports of the program that has the most go first, so that one in a crash loop does
// not drive out the only report of another. Files have mode 0600 in a directory of mode 0700 and
// are renamed into place: there are whole ones only. The state directory may be an account's that
// workers run as: a `crashes` in it that is a link, or is not ours, is not used.
//
// A directory that cannot be written costs the files and nothing else: that is told once, and once
// more when it works again; the last few reports can be had from memory meanwhile.
//
// Threads: a thread of its own does all that may block on a disk. on_crash(), configure() and the
// queries return at once and may be called from any thread. What has just been reported may take a
// moment to appear.

#include "common/base/clock.hpp"
#include "supervisor/state/crash_report.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor {

struct CrashLimits {
  std::size_t reports = 100;  // 0: none is kept
  std::uint64_t bytes = 50u << 20;
};

// What the list shows of a report.
struct CrashEntry {
  std::string id;
  std::string program;
  std::string worker;
  std::uint64_t incarnation = 0;
  std::string public_json;  // public_crash_json()
};

struct CrashCounters {
  std::uint64_t kept = 0;    // reports that are in the directory, or at least were
  std::uint64_t failed = 0;  // that could not be written
};

class CrashStore final : public CrashObserver {
 public:
  // Called on the store's thread, and not after stop().
  struct Hooks {
    std::function<void(const std::string& message)> tell;  // of a change for better or worse
    std::function<void(const CrashCounters& counters)> counted;
  };

  // Reads what there is, in the background.
  CrashStore(const std::filesystem::path& state_dir, CrashLimits limits, Hooks hooks);
  ~CrashStore() override;  // stop() within a second

  void on_crash(CrashReportPtr report) override;
  void configure(CrashLimits limits);

  // The newest first, at most `limit`. `matches` empty: all.
  using Matches = std::function<bool(const CrashEntry&)>;
  std::vector<CrashEntry> list(std::size_t limit, const Matches& matches = {}) const;
  // The id of the last report of each worker.
  std::map<std::string, std::string> last_ids() const;
  // The whole report as JSON, on the store's thread; nothing if there is no such report, whatever
  // the id looks like.
  void read(const std::string& id, std::function<void(std::optional<std::string>)> done);

  // Writes what is waiting. A thread that hangs on a dead disk is abandoned at the deadline.
  void stop(MonoTime deadline);

 private:
  class Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace holdfast::supervisor
