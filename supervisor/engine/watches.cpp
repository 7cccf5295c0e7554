// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/watches.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <system_error>
#include <utility>

namespace holdfast::supervisor {

Watches::Watches(boost::asio::io_context& io, std::filesystem::path user_ignore_file,
                 Reporter& reporter, SnapshotPublisher& publisher,
                 std::function<void(core::Event)> feed)
    : reporter_(reporter),
      publisher_(publisher),
      watcher_(
          std::move(user_ignore_file),
          [&io, feed = std::move(feed)](const std::string& program, const std::string& file) {
            boost::asio::post(io, [feed, program, file] {
              feed(core::FilesChanged{program, file});
            });
          },
          [this, &io](WatchStates states) {
            boost::asio::post(io, [this, states = std::move(states)] { states_are(states); });
          }) {}

void Watches::use(const config::Config& config, bool may_watch) {
  std::error_code unknown;
  watcher_.watch(may_watch
                     ? watch::interests_of(config.programs, std::filesystem::current_path(unknown))
                     : std::vector<watch::Interest>{});
}

void Watches::states_are(const WatchStates& states) {
  for (const auto& [program, state] : states) {
    const WatchState before = states_[program];
    if (!state.problem.empty() && state.problem != before.problem) {
      reporter_.record("watch_problem", fmt::format("{}: watch: {}", program, state.problem),
                       log::Level::Warn);
    } else if (state.problem.empty() && (!before.active || !before.problem.empty())) {
      reporter_.record("watching",
                       fmt::format("{}: watching its files in {} {}", program, state.directories,
                                   state.directories == 1 ? "directory" : "directories"),
                       log::Level::Info);
    }
  }
  states_ = states;
  publisher_.watches(states);
  publisher_.publish_now();
}

}  // namespace holdfast::supervisor
