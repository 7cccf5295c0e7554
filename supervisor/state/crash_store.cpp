// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/crash_store.hpp"

#include "common/os/signal_mask.hpp"
#include "supervisor/state/crash_directory.hpp"
#include "supervisor/state/crash_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace holdfast::supervisor {

namespace {

// Far more than happen while a disk is slow; then reports are lost, and counted.
constexpr std::size_t kMaxWaiting = 1000;
// Reports without a file are kept in memory, and that is not what the limits are about.
constexpr std::size_t kMaxUnwritten = 20;

CrashEntry shown_of(const nlohmann::ordered_json& whole) {
  CrashEntry entry;
  entry.id = whole["id"].get<std::string>();
  entry.program = whole["program"].get<std::string>();
  entry.worker = whole["worker"].get<std::string>();
  const auto incarnation = whole.find("incarnation");
  if (incarnation != whole.end() && incarnation->is_number_unsigned())
    entry.incarnation = incarnation->get<std::uint64_t>();
  entry.public_json = crash_text(public_crash_json(whole));
  return entry;
}

}  // namespace

// What the thread and the callers share, and the thread's work. An abandoned thread keeps it alive.
class CrashStore::Shared {
 public:
  Shared(const std::filesystem::path& state_dir, CrashLimits limits, Hooks hooks)
      : directory_(state_dir), hooks_(std::move(hooks)), limits_(limits) {}

  using Task = std::function<void(Shared&)>;
  bool post(Task task) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || tasks_.size() >= kMaxWaiting) return false;
      tasks_.push_back(std::move(task));
    }
    changed_.notify_all();
    return true;
  }
  void count(bool written) {
    const std::lock_guard lock(hooks_mutex_);
    ++(written ? counters_.kept : counters_.failed);
    if (hooks_.counted) hooks_.counted(counters_);
  }
  void configure(CrashLimits limits) {
    const std::lock_guard lock(mutex_);
    limits_ = limits;
  }

  std::vector<CrashEntry> list(std::size_t limit, const Matches& matches) const {
    const std::lock_guard lock(mutex_);
    std::vector<CrashEntry> found;
    for (auto it = entries_.rbegin(); it != entries_.rend() && found.size() < limit; ++it) {
      if (!matches || matches(it->second.shown)) found.push_back(it->second.shown);
    }
    return found;
  }
  std::map<std::string, std::string> last_ids() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::string> ids;
    for (const auto& [id, entry] : entries_)
      ids[entry.shown.worker] = id;
    return ids;
  }

  // ---- the thread's ----

  void work() {
    load();
    for (;;) {
      Task task;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
        if (tasks_.empty()) break;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task(*this);
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  void keep(const CrashReport& report) {
    const nlohmann::ordered_json whole = crash_json(report);
    std::string text = crash_text(whole) + '\n';
    Entry entry{shown_of(whole), text.size(), {}};
    const CrashLimits limits = this->limits();
    if (limits.reports == 0) return;
    const auto written = directory_.write(entry.shown.id, text);
    if (!written) entry.text = std::move(text);
    tell_of(written, entry.shown.id);
    count(written.has_value());
    {
      const std::lock_guard lock(mutex_);
      entries_[entry.shown.id] = std::move(entry);
    }
    thin_out();
  }

  // Removes what is too much: the oldest of the program that has the most.
  void thin_out() {
    for (;;) {
      std::string victim;
      {
        const std::lock_guard lock(mutex_);
        victim = next_victim();
        if (victim.empty()) return;
        entries_.erase(victim);
      }
      directory_.remove(victim);
    }
  }

  std::optional<std::string> read(const std::string& id) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = entries_.find(id);
      if (found == entries_.end()) return std::nullopt;
      if (!found->second.text.empty()) return found->second.text;
    }
    auto text = directory_.read(id);
    if (text && parse_crash(*text, id)) return std::move(*text);
    const std::lock_guard lock(mutex_);
    entries_.erase(id);  // somebody has removed or changed the file
    return std::nullopt;
  }

  void stop(MonoTime deadline) {
    {
      std::unique_lock lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
      if (!changed_.wait_until(lock, deadline, [this] { return ended_; })) tasks_.clear();
    }
    const std::lock_guard lock(hooks_mutex_);
    hooks_ = {};  // what they refer to may be gone when an abandoned thread wakes up
  }

 private:
  CrashLimits limits() const {
    const std::lock_guard lock(mutex_);
    return limits_;
  }

  void load() {
    const auto ids = directory_.list();
    if (!ids) return;  // there is none yet, or the first report tells what is wrong with it
    for (const std::string& id : *ids) {
      const auto text = directory_.read(id);
      const auto whole = text ? parse_crash(*text, id) : std::nullopt;
      if (!whole) continue;
      const std::lock_guard lock(mutex_);
      entries_[id] = Entry{shown_of(*whole), text->size(), {}};
    }
    thin_out();
  }

  // With the lock held.
  std::string next_victim() const {
    std::uint64_t bytes = 0;
    std::size_t unwritten = 0;
    std::map<std::string, std::size_t> of_program;
    for (const auto& [id, entry] : entries_) {
      bytes += entry.text.empty() ? entry.bytes : 0;
      unwritten += entry.text.empty() ? 0 : 1;
      ++of_program[entry.shown.program];
    }
    const bool too_many_unwritten = unwritten > kMaxUnwritten;
    if (entries_.size() <= limits_.reports && bytes <= limits_.bytes && !too_many_unwritten)
      return {};
    if (too_many_unwritten) {
      return std::find_if(entries_.begin(), entries_.end(),
                          [](const auto& entry) { return !entry.second.text.empty(); })
          ->first;
    }
    const auto most =
        std::max_element(of_program.begin(), of_program.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return std::find_if(
               entries_.begin(), entries_.end(),
               [&](const auto& entry) { return entry.second.shown.program == most->first; })
        ->first;
  }

  void tell_of(const Result<void>& written, const std::string& id) {
    if (std::exchange(failing_, !written) == !written) return;
    const std::lock_guard lock(hooks_mutex_);
    if (!hooks_.tell) return;
    hooks_.tell(written ? "crash reports are written again"
                        : fmt::format("the crash report {} could not be written, and is kept in "
                                      "memory: {}",
                                      id, written.error().message));
  }

  struct Entry {
    CrashEntry shown;
    std::uint64_t bytes = 0;
    std::string text;  // of one without a file
  };

  CrashDirectory directory_;  // the thread's
  bool failing_ = false;      // the thread's
  std::mutex hooks_mutex_;    // guards the next two
  Hooks hooks_;
  CrashCounters counters_;
  mutable std::mutex mutex_;  // guards all that follows
  std::condition_variable changed_;
  CrashLimits limits_;
  std::deque<Task> tasks_;
  std::map<std::string, Entry> entries_;  // by id: the oldest first
  bool stopping_ = false;
  bool ended_ = false;
};

CrashStore::CrashStore(const std::filesystem::path& state_dir, CrashLimits limits, Hooks hooks)
    : shared_(std::make_shared<Shared>(state_dir, limits, std::move(hooks))) {
  const SignalsBlocked inherited;  // by the thread: signals are the main loop's
  std::thread thread([shared = shared_] { shared->work(); });
  ::pthread_setname_np(thread.native_handle(), "crash-reports");
  thread.detach();  // stop() waits for its end, or does not
}

CrashStore::~CrashStore() {
  stop(SystemClock().mono() + std::chrono::seconds(1));
}

void CrashStore::on_crash(CrashReportPtr report) {
  if (!shared_->post([report = std::move(report)](Shared& shared) { shared.keep(*report); }))
    shared_->count(false);
}

void CrashStore::configure(CrashLimits limits) {
  shared_->configure(limits);
  shared_->post([](Shared& shared) { shared.thin_out(); });
}

std::vector<CrashEntry> CrashStore::list(std::size_t limit, const Matches& matches) const {
  return shared_->list(limit, matches);
}

std::map<std::string, std::string> CrashStore::last_ids() const {
  return shared_->last_ids();
}

void CrashStore::read(const std::string& id, std::function<void(std::optional<std::string>)> done) {
  const bool posted = shared_->post([id, done](Shared& shared) { done(shared.read(id)); });
  if (!posted) done(std::nullopt);
}

void CrashStore::stop(MonoTime deadline) {
  shared_->stop(deadline);
}

}  // namespace holdfast::supervisor
