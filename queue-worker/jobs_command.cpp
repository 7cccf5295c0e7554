// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs_command.hpp"

#include "common/base/clock.hpp"
#include "common/base/duration.hpp"
#include "common/command_line/output.hpp"
#include "common/os/exit_codes.hpp"
#include "common/os/signal_mask.hpp"
#include "common/store/job_json.hpp"
#include "common/store/pause_check.hpp"
#include "common/store/store.hpp"
#include "common/text/terminal.hpp"
#include "common/text/utf8.hpp"
#include "common/worker/runtime.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <iostream>
#include <utility>

namespace holdfast::queue {

namespace {

constexpr std::uint32_t kListed = 50;
constexpr std::uint32_t kPage = 500;

template <class T, class Call>
Result<T> await(Call&& call) {
  // Whoever is stopped in the middle of a write stops all others.
  const TerminalStopDeferred deferred;
  std::promise<Result<T>> promise;
  call(store::Callback<T>([&](Result<T> result) { promise.set_value(std::move(result)); }));
  return promise.get_future().get();
}

int jobs_failed(const Error& error) {
  command_line::complain("jobs: " + error.message);
  const bool about_job = error.kind == ErrorKind::NotFound || error.kind == ErrorKind::Conflict;
  return about_job ? exit_code::kFailed : worker::exit_code_of(error);
}

std::string age_of(std::int64_t then, std::int64_t now) {
  return format_duration(std::chrono::seconds(std::max<std::int64_t>(now - then, 0) / 1000));
}

// One line on a terminal: an error may have several, and control characters.
std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  std::string line(text::truncate_utf8(text, kLongest));
  for (char& c : line)
    c = static_cast<unsigned char>(c) < ' ' || c == 127 ? ' ' : c;
  return text::for_terminal_line(line);
}

std::string shown_json(const store::Job& job) {
  std::string json = job_json(job);
  text::escape_hidden(json);
  return json;
}

bool is_stopping(const store::Job& job) {
  return job.cancel_requested && job.state == store::JobState::Running;
}

void print_row(const store::Job& job, std::int64_t now) {
  fmt::print("{:<10} {:<9} {:<8} {:>4} {:>7} {:>7} {:>8}  {}\n", job.id,
             is_stopping(job) ? "stopping" : to_string(job.state), job.kind, job.priority,
             fmt::format("{}/{}", job.attempt, job.max_attempts),
             fmt::format("{}/{}", job.crashes, job.max_crashes),
             age_of(job.finished_at.value_or(job.created_at), now), printable(job.last_error));
}

class JobsCommand {
 public:
  JobsCommand(const Command& command, store::Store& store) : command_(command), store_(store) {}

  int run() {
    switch (command_.verb) {
      case CommandVerb::JobsList: return list();
      case CommandVerb::JobsShow: return show();
      case CommandVerb::JobsRetry: return change(store::JobAction::Retry);
      case CommandVerb::JobsCancel: return change(store::JobAction::Cancel);
      case CommandVerb::JobsDiscard: return change(store::JobAction::Discard);
      case CommandVerb::JobsPause: return pause(true);
      default: return pause(false);
    }
  }

 private:
  int list() {
    std::uint32_t left = command_.limit.value_or(kListed);
    store::JobQuery query{command_.filter, std::min(left, kPage), 0};
    std::size_t printed = 0;
    if (command_.json) fmt::print("[");
    for (;;) {
      const auto page = store_.list_jobs(query);
      if (!page) return jobs_failed(page.error());
      for (const store::Job& job : page->jobs)
        print_listed(job, printed++, page->now);
      left -= static_cast<std::uint32_t>(page->jobs.size());
      query.before = page->next;
      query.limit = std::min(left, kPage);
      if (page->next == 0 || left == 0) break;
    }
    if (command_.json) {
      fmt::print("]\n");
    } else if (query.before != 0) {
      fmt::print("there are more: raise --limit\n");
    } else if (printed == 0) {
      fmt::print("no such jobs\n");
    }
    return exit_code::kOk;
  }

  void print_listed(const store::Job& job, std::size_t place, std::int64_t now) const {
    if (command_.json) {
      fmt::print("{}{}", place > 0 ? ",\n " : "", shown_json(job));
      return;
    }
    if (place == 0) {
      fmt::print("{:<10} {:<9} {:<8} {:>4} {:>7} {:>7} {:>8}  {}\n", "ID", "STATE", "KIND", "PRIO",
                 "ATTEMPT", "CRASHES", "AGE", "LAST ERROR");
    }
    print_row(job, now);
  }

  int show() {
    int code = exit_code::kOk;
    for (const std::int64_t id : command_.filter.ids) {
      const auto job = store_.get_job(id);
      if (!job) {
        code = jobs_failed(job.error());
      } else if (command_.json) {
        fmt::print("{}\n", shown_json(*job));
      } else {
        print_job(*job);
      }
    }
    return code;
  }

  static void print_job(const store::Job& job) {
    const auto time = [](const char* name, std::int64_t at) {
      fmt::print("  {:<10} {}\n", name, format_unix_ms(at));
    };
    fmt::print("job {}: {}{}\n", job.id, to_string(job.state),
               is_stopping(job) ? ", its worker has been asked to stop" : "");
    fmt::print("  {:<10} {} in {}, priority {}\n", "kind", job.kind, job.queue, job.priority);
    fmt::print("  {:<10} {} of {}\n", "attempts", job.attempt, job.max_attempts);
    fmt::print("  {:<10} {} of {}{}\n", "crashes", job.crashes, job.max_crashes,
               job.crashes > 0 ? ": it runs alone" : "");
    fmt::print("  {:<10} {}\n", "claimed", fmt::format("{} times", job.fence));
    time("created", job.created_at);
    time("due", job.run_at);
    if (job.started_at) time("started", *job.started_at);
    if (job.finished_at) time("finished", *job.finished_at);
    if (!job.last_error.empty()) {
      fmt::print("  {:<10} {}\n", "last error", text::for_terminal(job.last_error));
    }
    fmt::print("  {:<10} {}\n", "payload", text::for_terminal_line(job.payload));
  }

  // Jobs that are named one by one are changed at once; others only if the number is confirmed.
  int change(store::JobAction action) {
    const store::JobFilter filter = filter_for(action, command_.filter);
    std::int64_t most = command_.limit.value_or(0);
    if (!command_.filter.ids.empty()) {
      store::JobFilter named;
      named.ids = command_.filter.ids;
      const auto known = store_.count_jobs(named);
      if (!known) return jobs_failed(known.error());
      unknown_ = static_cast<std::int64_t>(named.ids.size()) - *known;
    } else {
      const auto count = store_.count_jobs(filter);
      if (!count) return jobs_failed(count.error());
      most = most == 0 ? *count : std::min(most, *count);
      if (most == 0) {
        fmt::print("no such jobs\n");
        return exit_code::kOk;
      }
      if (const auto refused = confirm(action, most)) return *refused;
    }
    return change_all({action, filter, 0, kPage}, most);
  }

  // Why nothing is done; nothing: go on.
  std::optional<int> confirm(store::JobAction action, std::int64_t count) const {
    if (command_.yes) return {};
    const std::string what =
        fmt::format("{} {} {}", to_string(action), count, count == 1 ? "job" : "jobs");
    if (::isatty(STDIN_FILENO) == 0) {
      fmt::print(stderr, "jobs: this would {}; confirm it with --yes\n", what);
      return exit_code::kUsage;
    }
    fmt::print("{}? Type the number to confirm: ", what);
    std::fflush(stdout);
    std::string answer;
    if (std::getline(std::cin, answer) && answer == std::to_string(count)) return {};
    fmt::print("nothing was changed\n");
    return exit_code::kFailed;
  }

  // Not more than `most`, if that is not 0: some may have come since they were counted.
  int change_all(store::JobChange change, std::int64_t most) {
    store::JobsChanged total;
    do {
      if (most > 0) {
        const std::int64_t left = most - total.changed - total.refused;
        if (left <= 0) break;
        change.limit = static_cast<std::uint32_t>(std::min<std::int64_t>(left, kPage));
      }
      const auto step =
          await<store::JobsChanged>([&](auto done) { store_.change_jobs(change, done); });
      if (!step) return jobs_failed(step.error());
      total.changed += step->changed;
      total.refused += step->refused;
      if (total.refusal.empty()) total.refusal = step->refusal;
      change.after = step->next;
    } while (change.after != 0);
    return tell(change, total);
  }

  int tell(const store::JobChange& change, const store::JobsChanged& total) const {
    const auto named = static_cast<std::int64_t>(change.filter.ids.size());
    const std::int64_t left = named - unknown_ - total.changed - total.refused;
    if (command_.json) {
      fmt::print("{{\"changed\":{},\"refused\":{},\"unknown\":{}}}\n", total.changed, total.refused,
                 unknown_);
    } else {
      fmt::print(
          "{}: {} changed{}\n", to_string(change.action), total.changed,
          left > 0 ? fmt::format(", {} left as they are: the options exclude them", left) : "");
    }
    if (total.refused > 0) {
      command_line::complain(
          fmt::format("jobs: {} could not be changed: {}", total.refused, total.refusal));
    }
    if (unknown_ > 0) fmt::print(stderr, "jobs: {} of the ids are not known\n", unknown_);
    return total.refused + unknown_ > 0 ? exit_code::kFailed : exit_code::kOk;
  }

  int pause(bool paused) {
    const auto known = store::check_pause(store_, command_.queue, command_.kind, paused);
    if (!known) {
      command_line::complain("jobs: " + known.error().message);
      return exit_code::kUsage;
    }
    const auto done = await<void>([&](auto callback) {
      if (paused) {
        store_.pause(command_.queue, command_.kind, callback);
      } else {
        store_.resume(command_.queue, command_.kind, callback);
      }
    });
    if (!done) return jobs_failed(done.error());
    fmt::print("{} {}{}\n", paused ? "paused" : "resumed", command_.queue,
               command_.kind.empty() ? "" : ", kind " + command_.kind);
    return exit_code::kOk;
  }

  const Command& command_;
  store::Store& store_;
  std::int64_t unknown_ = 0;  // of the ids
};

}  // namespace

int run_jobs_command(const Command& command, const config::Config& config) {
  const SystemClock clock;
  store::OpenOptions options = store::open_options(config);
  options.readers = 1;
  auto store = store::open_store(store::store_url(config), options, clock);
  if (!store) return jobs_failed(store.error());
  const bool changes =
      command.verb != CommandVerb::JobsList && command.verb != CommandVerb::JobsShow;
  if (changes) command_line::complain("jobs of " + (*store)->describe());
  const int code = JobsCommand(command, **store).run();
  const TerminalStopDeferred deferred;
  store->reset();  // it writes once more
  return code;
}

}  // namespace holdfast::queue
