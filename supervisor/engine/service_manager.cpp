// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/service_manager.hpp"

#include "common/text/utf8.hpp"

#include <fmt/format.h>

#include <utility>

namespace holdfast::supervisor {

namespace {
constexpr Duration kCalledEach = std::chrono::seconds(1);  // feed_watchdog()
}

std::string count_ready(const core::FleetView& view) {
  std::string out;
  std::string_view separator;
  for (const core::ProgramView& program : view.programs) {
    if (program.config->type == config::ProgramType::Oneshot) {
      out += fmt::format("{}{} {}", separator, program.config->name,
                         program.satisfied ? "done" : "not done");
    } else {
      out +=
          fmt::format("{}{} {}/{}", separator, program.config->name, program.ready, program.wanted);
    }
    separator = ", ";
  }
  return out;
}

std::string summary(const core::FleetView& view) {
  const char* state = view.draining ? "draining" : view.ready ? "ready" : "starting";
  const std::string counts = count_ready(view);
  return counts.empty() ? state : fmt::format("{}: {}", state, counts);
}

void ServiceManager::fleet_changed(const core::FleetView& view) {
  if (!notifier_.active()) return;
  std::string text = summary(view);
  if (text.size() > 200) text = std::string(text::truncate_utf8(text, 200)) + "…";
  if (view.ready && !ready_sent_) {
    ready_sent_ = true;
    send("READY=1\n" + notify::Notifier::status_line(text));
  } else if (text != status_) {
    (void)notifier_.status(text);
  }
  status_ = std::move(text);
}

void ServiceManager::stopping() {
  send("STOPPING=1");
}

void ServiceManager::send(std::string state) {
  unsent_ = notifier_.send(state) ? std::string() : std::move(state);
}

void ServiceManager::feed_watchdog(MonoTime now) {
  if (!unsent_.empty()) send(std::exchange(unsent_, {}));
  const auto interval = notifier_.watchdog_interval();
  // Sent a second early rather than a second late.
  if (!interval || now - fed_at_ + kCalledEach <= *interval) return;
  fed_at_ = now;
  (void)notifier_.watchdog();
}

void ServiceManager::reloading(MonoTime now) {
  (void)notifier_.reloading(now);
}

void ServiceManager::reloaded() {
  if (ready_sent_) send("READY=1\n" + notify::Notifier::status_line(status_));
}

}  // namespace holdfast::supervisor
