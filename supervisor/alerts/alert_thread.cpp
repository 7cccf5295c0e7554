// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/alert_thread.hpp"

#include "common/base/version.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace holdfast::supervisor::alerts {

namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 1s;
constexpr Duration kTickWhileFiring = 250ms;  // a message may be waiting for its time
constexpr Duration kSettle = 50ms;  // from news to a decision, so that a burst is decided once
// After the start, what the outbox held may have been delivered, and its outcome not have arrived.
constexpr Duration kOutcomesComeIn = 5s;
constexpr std::size_t kMostErrorLines = 2000;

}  // namespace

AlertThread::AlertThread(Parts parts, const config::Config& config, std::vector<Route> routes,
                         std::string host)
    : parts_(std::move(parts)),
      host_(std::move(host)),
      rules_(config),
      notifier_(settings_for(config), std::move(routes)),
      store_(parts_.transact),
      view_(std::make_shared<AlertView>()) {}

AlertThread::~AlertThread() {
  stop();
}

NotifierSettings AlertThread::settings_for(const config::Config& config) const {
  NotifierSettings settings(config.alerts);
  settings.host = host_;
  settings.version = kVersion;
  std::map<std::string, Duration> cooldowns;
  for (const Condition& condition : conditions())
    cooldowns[std::string(condition.name)] = settings_of(condition, config).cooldown;
  settings.cooldown = [cooldowns = std::move(cooldowns),
                       usual = std::move(settings.cooldown)](const AlertKey& key) {
    const auto found = cooldowns.find(key.name);
    return found == cooldowns.end() ? usual(key) : found->second;
  };
  return settings;
}

void AlertThread::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "alerts");
    run();
  });
}

void AlertThread::post(Task task, bool urgent) {
  {
    const std::lock_guard lock(mutex_);
    if (stop_) return;
    tasks_.push_back(std::move(task));
    if (!urgent || std::exchange(urgent_, true)) return;
  }
  news_.notify_one();
}

void AlertThread::on_event(const EventRecord& event) {
  if (!Rules::concerns(event.kind)) return;
  post([this, event](const Moment& now) { rules_.on_event(event, now); }, true);
}

void AlertThread::on_crash(CrashReportPtr report) {
  post([this, report = std::move(report)](const Moment& now) { rules_.on_crash(report, now); },
       true);
}

void AlertThread::on_error_line(const logs::ErrorLine& line) {
  {
    const std::lock_guard lock(mutex_);
    if (lines_ >= kMostErrorLines) {
      ++left_out_[line.program];
      return;
    }
    ++lines_;
  }
  post([this, line](const Moment& now) { rules_.on_error_line(line, now); }, true);
}

void AlertThread::on_totals(const telemetry::Totals& totals) {
  post([this, totals](const Moment& now) { rules_.on_totals(totals, now); }, false);
}

void AlertThread::on_unclean_restart(std::string how) {
  post([this, how = std::move(how)](const Moment& now) { rules_.on_unclean_restart(how, now); },
       true);
}

void AlertThread::on_outcome(Outcome outcome) {
  post([this, outcome = std::move(outcome)](const Moment& now) { notifier_.outcome(outcome, now); },
       true);
}

void AlertThread::configure(const config::Config& config, std::vector<Route> routes) {
  post(
      [this, config, routes = std::move(routes)](const Moment&) mutable {
        rules_.configure(config);
        notifier_.configure(settings_for(config), std::move(routes));
      },
      true);
}

void AlertThread::silence(Silence silence, std::function<void()> done) {
  post(
      [this, silence = std::move(silence), done = std::move(done)](const Moment& now) {
        notifier_.silence(silence);
        save(now);
        done();
      },
      true);
}

void AlertThread::unsilence(std::string name, std::string target,
                            std::function<void(std::size_t)> done) {
  post(
      [this, name = std::move(name), target = std::move(target),
       done = std::move(done)](const Moment& now) {
        const std::size_t number = notifier_.unsilence(name, target);
        save(now);
        done(number);
      },
      true);
}

AlertViewPtr AlertThread::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

void AlertThread::save(const Moment& now) {
  const auto saved = store_.save(notifier_, now);
  saved_revision_ = notifier_.revision();
  if (saved) {
    told_of_disk_ = false;
  } else if (!std::exchange(told_of_disk_, true)) {
    parts_.log.warn("alerts: their state cannot be saved, and would not survive a restart: " +
                    saved.error().message);
  }
}

void AlertThread::publish(const Moment& now) {
  auto view = std::make_shared<AlertView>();
  for (const auto& [key, episode] : notifier_.episodes()) {
    if (!episode.firing) continue;
    view->firing.push_back({episode.alert, episode.inhibited,
                            notifier_.silences().until(episode.alert, now.wall),
                            now.mono_of(episode.alert.starts_at)});
  }
  std::stable_sort(
      view->firing.begin(), view->firing.end(),
      [](const ShownAlert& a, const ShownAlert& b) { return a.alert.severity > b.alert.severity; });
  if (!history_ || history_revision_ != notifier_.revision()) {
    history_ = std::make_shared<const std::vector<Alert>>(notifier_.history());
    history_revision_ = notifier_.revision();
  }
  view->history = history_;
  view->silences = notifier_.silences().all();
  view->withheld = notifier_.withheld();
  view->errors = rules_.errors();
  view->backlog_threshold = rules_.backlog_threshold();
  const std::lock_guard lock(mutex_);
  view_ = std::move(view);
}

void AlertThread::work(std::vector<Task> tasks, std::map<std::string, std::uint64_t> left_out,
                       bool flush) {
  auto snapshot = parts_.snapshots.load();
  const bool idle = tasks.empty() && left_out.empty() && !flush && snapshot == seen_ &&
                    rules_.is_quiet() && notifier_.episodes().empty() &&
                    notifier_.silences().all().empty();
  if (idle) return;
  seen_ = std::move(snapshot);
  const Moment now = moment_of(parts_.clock);
  rules_.learn(*seen_);
  for (Task& task : tasks)
    task(now);
  for (const auto& [program, number] : left_out)
    rules_.on_lines_left_out(program, number, now);
  const std::vector<Finding> findings = rules_.evaluate(*seen_, now);
  std::vector<Notification> messages =
      flush ? notifier_.flush(findings, now) : notifier_.update(findings, now);
  // Saved first: what is sent and not known of would be sent again.
  if (notifier_.revision() != saved_revision_ || flush) save(now);
  for (Notification& message : messages)
    parts_.send(std::move(message));
  publish(now);
}

void AlertThread::run() {
  const Moment began = moment_of(parts_.clock);
  if (const auto loaded = store_.load(notifier_, began); !loaded) {
    parts_.log.warn("alerts: what is known of them cannot be read: " + loaded.error().message);
  }
  const std::vector<Alert> firing = notifier_.firing();
  rules_.restore(firing, began);
  if (parts_.restored) parts_.restored(firing);
  bool looked = !parts_.is_kept;
  bool stop = false;
  while (!stop) {
    std::vector<Task> tasks;
    std::map<std::string, std::uint64_t> left_out;
    bool flush = false;
    {
      std::unique_lock lock(mutex_);
      const Duration tick = notifier_.episodes().empty() ? kTick : kTickWhileFiring;
      news_.wait_for(lock, tick, [this] { return urgent_ || stop_ || flush_; });
      if (!stop_ && !flush_) news_.wait_for(lock, kSettle, [this] { return stop_ || flush_; });
      tasks.swap(tasks_);
      left_out.swap(left_out_);
      lines_ = 0;
      urgent_ = false;
      flush = flush_;
      stop = stop_;
    }
    work(std::move(tasks), std::move(left_out), flush);
    if (!looked && parts_.clock.mono() - began.mono >= kOutcomesComeIn) {
      looked = true;
      notifier_.forget_lost(parts_.is_kept);
    }
    if (!flush) continue;
    {
      const std::lock_guard lock(mutex_);
      flush_ = false;
    }
    flushed_.notify_all();
  }
}

void AlertThread::flush(MonoTime deadline) {
  std::unique_lock lock(mutex_);
  if (!thread_.joinable() || stop_) return;
  flush_ = true;
  news_.notify_one();
  flushed_.wait_until(lock, deadline, [this] { return !flush_; });
}

void AlertThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  news_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace holdfast::supervisor::alerts
