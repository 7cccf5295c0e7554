// SPDX-License-Identifier: Apache-2.0

// misbehave: a supervised program that carries out its arguments from left to right, then waits for
// a signal. By default it exits with 0 on SIGTERM.
//
//   --ready  --ready-after MS  --never-ready  --notify TEXT  --flood-notify N  --garbage-notify
//   --watchdog-ok (sends it every 20 ms while waiting)  --hang-after-ready (does not)
//   --exit CODE  --exit-after MS CODE  --signal-after MS SIGNAL  --stop-self  --abort
//   --ignore-term  --ignore-abort  --term-exit CODE  --slow-term MS  --last-words TEXT (notified on
//   SIGTERM)
//   --refork-on-term  --fork-grandchild  --fork-sleeper
//   --fork-daemon (which ignores SIGTERM)
//   --print TEXT  --print-error TEXT  --partial-line TEXT  --flood-log N  --flood-log-lines N
//   --flood-json N  --close-stdio  --leak-fd
//   --print-fds  --print-signals  --print-env  --print-identity

#include "tests/support/misbehave/actions.hpp"
#include "tests/support/misbehave/inspect.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace {

using Arguments = std::vector<std::string>;

constexpr int kMostForks = 20;

struct OnTerm {
  bool ignore = false;
  bool refork = false;
  int exit_code = 0;
  long delay_ms = 0;
  std::string last_words;
};

struct Action {
  std::size_t arguments;
  std::function<void(const Arguments&)> run;
};

std::map<std::string, Action> actions(OnTerm& on_term, bool& pet) {
  using namespace misbehave;
  const auto number = [](const std::string& text) { return std::atol(text.c_str()); };
  const auto code = [](const std::string& text) { return std::atoi(text.c_str()); };
  return {
      {"--ready", {0, [](auto&) { notify("READY=1"); }}},
      {"--ready-after",
       {1,
        [=](auto& a) {
          sleep_ms(number(a[0]));
          notify("READY=1");
        }}},
      {"--never-ready", {0, [](auto&) {}}},
      {"--notify", {1, [](auto& a) { notify(a[0]); }}},
      {"--flood-notify", {1, [=](auto& a) { flood_notify(number(a[0])); }}},
      {"--garbage-notify", {0, [](auto&) { garbage_notify(); }}},
      {"--watchdog-ok",
       {0,
        [&](auto&) {
          notify("READY=1");
          pet = true;
        }}},
      {"--hang-after-ready", {0, [](auto&) { notify("READY=1\nWATCHDOG=1"); }}},
      {"--exit", {1, [=](auto& a) { std::exit(code(a[0])); }}},
      {"--exit-after",
       {2,
        [=](auto& a) {
          sleep_ms(number(a[0]));
          std::exit(code(a[1]));
        }}},
      {"--signal-after",
       {2,
        [=](auto& a) {
          sleep_ms(number(a[0]));
          ::kill(::getpid(), code(a[1]));
        }}},
      {"--stop-self", {0, [](auto&) { ::raise(SIGSTOP); }}},
      {"--abort", {0, [](auto&) { std::abort(); }}},
      {"--ignore-term", {0, [&](auto&) { on_term.ignore = true; }}},
      {"--ignore-abort", {0, [](auto&) { ::signal(SIGABRT, SIG_IGN); }}},
      {"--term-exit", {1, [&, code](auto& a) { on_term.exit_code = code(a[0]); }}},
      {"--slow-term", {1, [&, number](auto& a) { on_term.delay_ms = number(a[0]); }}},
      {"--last-words", {1, [&](auto& a) { on_term.last_words = a[0]; }}},
      {"--refork-on-term", {0, [&](auto&) { on_term.refork = true; }}},
      {"--fork-grandchild", {0, [](auto&) { fork_grandchild(); }}},
      {"--fork-sleeper", {0, [](auto&) { fork_sleeper(); }}},
      {"--fork-daemon", {0, [](auto&) { fork_daemon(); }}},
      {"--print", {1, [](auto& a) { write_all(1, a[0] + "\n"); }}},
      {"--print-error", {1, [](auto& a) { write_all(2, a[0] + "\n"); }}},
      {"--partial-line", {1, [](auto& a) { write_all(1, a[0]); }}},
      {"--flood-log", {1, [=](auto& a) { flood_log(1, number(a[0]), false, false); }}},
      {"--flood-log-lines", {1, [=](auto& a) { flood_log(1, number(a[0]), true, false); }}},
      {"--flood-json", {1, [=](auto& a) { flood_log(1, number(a[0]), false, true); }}},
      {"--close-stdio",
       {0,
        [](auto&) {
          for (int fd = 0; fd <= 2; ++fd)
            ::close(fd);
        }}},
      {"--leak-fd", {0, [](auto&) { (void)!::open("/dev/null", O_RDONLY); }}},
      {"--print-fds", {0, [](auto&) { write_all(1, descriptors()); }}},
      {"--print-signals", {0, [](auto&) { write_all(1, signals()); }}},
      {"--print-env", {0, [](auto&) { write_all(1, environment()); }}},
      {"--print-identity", {0, [](auto&) { write_all(1, identity()); }}},
  };
}

// A bounded fork bomb: on every SIGTERM it forks, and the parent exits.
void refork_for_ever(const sigset_t& term) {
  for (int forks = 0; forks < kMostForks; ++forks) {
    if (::fork() != 0) ::_exit(0);
    int signal = 0;
    ::sigwait(&term, &signal);
  }
  ::_exit(0);
}

[[noreturn]] void wait_for_term(const OnTerm& on_term, bool pet, const sigset_t& term) {
  for (;;) {
    const timespec interval{0, 20'000'000};
    const int got = pet ? ::sigtimedwait(&term, nullptr, &interval) : ::sigwaitinfo(&term, nullptr);
    if (pet) misbehave::notify("WATCHDOG=1");
    if (got != SIGTERM || on_term.ignore) continue;
    if (on_term.refork) refork_for_ever(term);
    misbehave::sleep_ms(on_term.delay_ms);
    if (!on_term.last_words.empty()) misbehave::notify(on_term.last_words);
    std::exit(on_term.exit_code);
  }
}

}  // namespace

int main(int argc, char** argv) {
  OnTerm on_term;
  bool pet = false;
  const auto known = actions(on_term, pet);
  // Printed before SIGTERM is blocked below, so that it shows what was inherited.
  const Arguments arguments(argv + 1, argv + argc);
  const bool inspects = !arguments.empty() && arguments[0] == "--print-signals";
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  if (!inspects) ::sigprocmask(SIG_BLOCK, &term, nullptr);
  for (std::size_t i = 0; i < arguments.size();) {
    const auto it = known.find(arguments[i++]);
    if (it == known.end() || arguments.size() - i < it->second.arguments) {
      std::fprintf(stderr, "misbehave: what is '%s'?\n", arguments[i - 1].c_str());
      return 2;
    }
    const auto first = arguments.begin() + static_cast<std::ptrdiff_t>(i);
    i += it->second.arguments;
    it->second.run(Arguments(first, arguments.begin() + static_cast<std::ptrdiff_t>(i)));
  }
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  wait_for_term(on_term, pet, term);
}
